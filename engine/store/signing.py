"""Signatures of runs: who vouches for the files of a run directory, checked without computing anything.

A signature lists the SHA-256 of every file of the run and signs this list with an Ed25519 key (RFC 8032).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.durable import private_file, write_file
from engine.errors import Fault, UsageError
from engine.store.run_directory import SIGNATURE, read_run

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE_FORMAT = "equirank-signature-1"


def make_key(private: Path) -> Path:
    """Write a new private key, readable by its owner only, and the public key beside it; returns the latter.

    Raises
    ------
    UsageError
        If one of the files is there already.
    """
    _need_library()
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = private.with_suffix(".pub.pem")
    for path in (private, public):
        if path.exists():
            raise UsageError(
                Fault(str(path), "the file is there already", "a new name", "Keys are never overwritten.")
            )
    key = Ed25519PrivateKey.generate()
    private_file(private)
    private.write_bytes(
        key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
    )
    return public


def sign_run(run: Path, key: Path) -> Path:
    """Sign every file of a run directory; an earlier signature is replaced. Returns the signature's path.

    Raises
    ------
    UsageError, DataError
        If the folder is no whole run, or the key is no Ed25519 private key.
    """
    signer = _private_key(key)
    read_run(run)
    files = dict(_digests(run))
    signature = signer.sign(_signed_bytes(files))
    content = {
        "format": SIGNATURE_FORMAT,
        "files": files,
        "signature": base64.b64encode(signature).decode(),
    }
    write_file(run / SIGNATURE, (json.dumps(content, indent=1) + "\n").encode(), run)
    return run / SIGNATURE


def signature_faults(run: Path, public_key: Path) -> tuple[str, ...]:
    """Return what speaks against the signature of a run, in words; nothing if it holds.

    Raises
    ------
    UsageError
        If the key is no Ed25519 public key.
    """
    from cryptography.exceptions import InvalidSignature

    key = _public_key(public_key)
    try:
        content = json.loads((run / SIGNATURE).read_text(encoding="utf-8"))
        files = {str(name): str(digest) for name, digest in content["files"].items()}
        signature = base64.b64decode(content["signature"], validate=True)
        is_known = content["format"] == SIGNATURE_FORMAT
    except FileNotFoundError:
        return (f"{SIGNATURE} is missing: the run is not signed",)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return (f"{SIGNATURE} cannot be read",)
    if not is_known:
        return (f"{SIGNATURE} has another format than {SIGNATURE_FORMAT}",)
    try:
        key.verify(signature, _signed_bytes(files))
    except InvalidSignature:
        return (f"{SIGNATURE} was not made with this key, or was changed",)
    return tuple(_changed(files, dict(_digests(run))))


def _changed(signed: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    for name in sorted(signed.keys() | found.keys()):
        if name not in found:
            yield f"{name} is missing"
        elif name not in signed:
            yield f"{name} was added after the signature"
        elif signed[name] != found[name]:
            yield f"{name} was changed after the signature"


def _digests(run: Path) -> Iterator[tuple[str, str]]:
    """Yield every file of the run but the signature, by its path inside, with its SHA-256."""
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.is_file() and name != SIGNATURE:
            with path.open("rb") as stream:
                yield name, hashlib.file_digest(stream, "sha256").hexdigest()


def _signed_bytes(files: dict[str, str]) -> bytes:
    listed: dict[str, Any] = {"format": SIGNATURE_FORMAT, "files": files}
    return json.dumps(listed, sort_keys=True, separators=(",", ":")).encode()


def _private_key(path: Path) -> Ed25519PrivateKey:
    _need_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise _no_key(path, "private") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "private")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    _need_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, TypeError):
        raise _no_key(path, "public") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public")
    return key


def _no_key(path: Path, kind: str) -> UsageError:
    return UsageError(
        Fault(
            str(path),
            f"no {kind} key can be read",
            f"an Ed25519 {kind} key in PEM without password",
            "`equirank key FILE` makes a pair.",
        )
    )


def _need_library() -> None:
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError:
        raise UsageError(
            Fault(
                "signatures",
                "cryptography is not installed",
                "the extra 'sign'",
                "pip install 'equirank[sign]'",
            )
        ) from None
