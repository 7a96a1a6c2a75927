"""The public names are those that are documented, and errors behave as errors should."""

from __future__ import annotations

import importlib
import pickle

import pytest
from support.public import MODULES, exported, importable, mentioned

import esfilerealm
from esfilerealm import errors

#: What only the library passes to a constructor, such as that of a ``Transaction``.
INTERNAL = {"Account", "_Tool", "Draft", "RealmFolder", "Sealed", "WriteOptions"}

ERRORS = [
    errors.InvalidUsernameError("a:b", "rule"),
    errors.InvalidRoleNameError("a:b", "rule"),
    errors.InvalidPasswordError("rule"),
    errors.UserNotFoundError("bob", "users"),
    errors.UserExistsError("bob", "users"),
    errors.ConfigurationFileMissingError("users", "advice"),
    errors.FileFormatError("users", 7, "reason", 99),
    errors.FileFormatError("users", 7, "reason"),
    errors.InvalidSettingError("key", "value", "rule", "file"),
    errors.InvalidDistinguishedNameError("cn", "rule"),
    errors.InvalidCertificateError("rule"),
    errors.InvalidTrustStoreError("reason", "password", "trust.p12"),
    errors.CertificateNotTrustedError("CN=bob", "reason"),
    errors.InvalidUsernamePatternError("(", "rule"),
    errors.InvalidRoleMappingError("rules.all[0]", "rule"),
    errors.InvalidRoleMappingError("", "rule"),
    errors.InvalidUserDataError("team"),
    errors.InvalidAttributeError("owner", "bob", "rule"),
    errors.InvalidAuthorizationHeaderError("rule"),
    errors.InvalidProxyHeaderError("Client-Cert", "rule"),
    errors.InvalidDesiredStateError(("[base.yml], users[0]: rule",)),
    errors.InvalidExpiryError("soon", "rule"),
    errors.InvalidFingerprintError("node-a.json", "rule"),
    errors.InvalidFingerprintError("", "rule"),
    errors.UnsafePlanError("reason"),
    errors.PlanOutdatedError("users"),
    errors.InvalidSnapshotValueError("repository", "a/b", "rule"),
    errors.InvalidSnapshotValueError("address", None, "rule"),
    errors.SnapshotNotCompatibleError("7.17", "9.0", ("reason", "another")),
    errors.ClusterError("GET /", "reason", 403),
    errors.ClusterError("GET /", "reason"),
    errors.RescueRefusedError(("security is off",)),
    errors.ChallengeError("refused", ("Negotiate",)),
    errors.UnknownHashAlgorithmError("bcrypt3", "advice"),
    errors.InvalidHashError("reason"),
    errors.KeystorePasswordError("elasticsearch.keystore", True),
    errors.KeystoreCorruptedError("elasticsearch.keystore", "truncated", 7, "reason"),
    errors.KeystoreCorruptedError("elasticsearch.keystore", "corrupted", None, "reason"),
    errors.KeystoreVersionError("elasticsearch.keystore", 2, (3, 7)),
    errors.InvalidRuleCodeError("EFR9", "did you mean [EFR1]?"),
    errors.InvalidRuleCodeError("EFR9"),
    errors.InvalidRulesFileError(("[rules.toml]: rule",)),
    errors.InvalidSecureSettingError("a b", "rule"),
    errors.SecureSettingNotFoundError("a.b", "elasticsearch.keystore"),
    errors.SecureSettingExistsError("a.b", "elasticsearch.keystore"),
    errors.KeystoreExistsError("elasticsearch.keystore"),
    errors.BackupError("node.tar.zst", "reason"),
    errors.BackupFormatError("node.tar.zst", "reason", "config/users"),
    errors.BackupLimitError("node.tar.zst", "reason", "config/users"),
    errors.BackupVersionError("node.tar.zst", "reason", "manifest.json"),
    errors.BackupKeyError("id_ed25519", "reason"),
    errors.BackupDecryptionError("node.tar.zst.age", "reason"),
    errors.BackupSignatureError("node.tar.zst", "reason", "MANIFEST.sig"),
    errors.BackupContentError("node.tar.zst", "reason", "config/users"),
    errors.BackupOutdatedError("node.tar.zst", "reason"),
    errors.ConfidentialBackupError("node.tar.zst", "reason", "config/users"),
    errors.MissingExtraError("keystore", "a keystore"),
    errors.RealmClosedError("config"),
    errors.LockTimeoutError("users.lock", 5.0),
    errors.LockTimeoutError("users.lock", 5.0, "[esfilerealm], process [7] on [host],"),
    errors.JournalVersionError("users.journal", 2, 1),
    errors.NoEarlierVersionError("users.1~"),
    errors.NoKeptHashError("bob", "users.accounts"),
    errors.FilePermissionError("users", "reason"),
    errors.FileAccessError("users", 28, "reason"),
    errors.FileChangedError("users"),
    errors.AuditLogError("audit.log", "reason"),
]


@pytest.mark.parametrize("name", MODULES)
def test_all_is_sorted_and_true(name):
    module = importlib.import_module(f"esfilerealm.{name}")
    assert module.__all__ == sorted(module.__all__, key=lambda n: (not n.isupper(), n))
    assert all(hasattr(module, public) for public in module.__all__)


def test_public_names():
    assert sorted(esfilerealm.__all__) == esfilerealm.__all__
    assert {name: getattr(esfilerealm, name) for name in esfilerealm.__all__}
    assert set(esfilerealm.__all__) <= set(dir(esfilerealm))


@pytest.mark.parametrize("path", exported())
def test_what_is_taken_or_returned_can_be_imported(path):
    """Export it where it belongs; an alias for type checkers as ``from .x import Kind as Kind``."""
    names = {name for name, value in mentioned(exported()[path]) if value not in importable()}
    assert names <= INTERNAL, "not exported by a public module"


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="'esfilerealm' has no attribute 'nothing'"):
        esfilerealm.nothing  # noqa: B018 - the access is what is tested


def test_every_error_is_tried_here():
    kinds = {value for value in vars(errors).values() if isinstance(value, type)}
    concrete = {k for k in kinds if not k.__name__.startswith("_")}
    concrete -= {errors.FileRealmError, errors.PasswordTruncatedWarning, errors.UnknownRoleWarning}
    assert concrete == {type(error) for error in ERRORS}
    assert {f"{k.__name__}" for k in kinds if not k.__name__.startswith("_")} == set(errors.__all__)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
class TestErrors:
    def test_under_the_root_and_pickled(self, error):
        copy = pickle.loads(pickle.dumps(error))
        assert isinstance(copy, errors.FileRealmError)
        assert (type(copy), str(copy)) == (type(error), str(error))
        assert vars(copy) == vars(error)

    def test_message_is_one_line_with_the_value(self, error):
        assert "\n" not in str(error)
        assert type(error).__doc__


@pytest.mark.parametrize(
    ("kind", "ancestor"),
    [
        (errors.InvalidUsernameError, ValueError),
        (errors.UserNotFoundError, LookupError),
        (errors.ConfigurationFileMissingError, FileNotFoundError),
        (errors.KeystoreCorruptedError, ValueError),
        (errors.KeystoreVersionError, ValueError),
        (errors.SecureSettingNotFoundError, LookupError),
        (errors.KeystoreExistsError, FileExistsError),
        (errors.MissingExtraError, ImportError),
        (errors.RealmClosedError, RuntimeError),
        (errors.LockTimeoutError, TimeoutError),
        (errors.NoEarlierVersionError, LookupError),
        (errors.FilePermissionError, PermissionError),
        (errors.FileAccessError, OSError),
    ],
)
def test_builtin_ancestors(kind, ancestor):
    assert issubclass(kind, ancestor)


def test_faults_of_the_system_say_which_and_where():
    error = errors.FileAccessError("users", 28, "reason")
    assert (error.errno, error.filename) == (28, "users")


def test_who_holds_the_lock_is_shown_on_one_short_line():
    """It comes out of a file that others may write to."""
    message = str(errors.LockTimeoutError("users.lock", 5.0, "a\nb\x1b" * 1000))
    assert message.isprintable()
    assert len(message) < 400


def test_many_faults_are_one_line_each():
    error = errors.InvalidDesiredStateError(("one", "two"))
    assert str(error) == "invalid desired state, 2 issues:\n  one\n  two"
    assert pickle.loads(pickle.dumps(error)).issues == ("one", "two")


def test_messages_are_short_and_without_control_characters():
    message = str(errors.InvalidUsernameError("a\nb\x1b" * 1000, "rule"))
    assert message.isprintable()
    assert len(message) < 150
    assert "must be text" in str(errors.InvalidUsernameError(7, "must be text"))


def test_the_errors_are_loaded_on_first_use():
    assert esfilerealm.__getattr__("errors") is errors
