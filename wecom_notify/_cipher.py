"""The envelope cipher of WeCom's callbacks.

AES-256-CBC, iv = the key's first 16 bytes, over: 16 random bytes, length (4 bytes, big-endian), message, receive id;
padded to blocks of 32. Source: developer.work.weixin.qq.com/document/path/91144.
"""

import base64
import binascii
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pydantic import SecretStr

from wecom_notify.errors import CallbackError, CallbackFault

_BLOCK = 32
_RANDOM = 16
_HEAD = _RANDOM + 4
_ENCODED_KEY_LENGTH = 43


class EnvelopeCipher:
    """Seals and opens messages for one EncodingAESKey and one receive id.

    Raises:
        CallbackError: The key is not 43 characters of base64.
    """

    def __init__(self, encoding_aes_key: SecretStr, receive_id: str) -> None:
        encoded = encoding_aes_key.get_secret_value()
        try:
            key = base64.b64decode(encoded + "=", validate=True) if len(encoded) == _ENCODED_KEY_LENGTH else b""
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != _BLOCK:
            raise CallbackError(CallbackFault.AES_KEY)
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._receive_id = receive_id.encode()

    def seal(self, message: str) -> str:
        """`message` encrypted, as base64."""
        body = message.encode()
        plain = os.urandom(_RANDOM) + len(body).to_bytes(4, "big") + body + self._receive_id
        count = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()).decode()

    def open(self, encrypted: str) -> str:
        """The message in `encrypted`.

        Raises:
            CallbackError: Not ours, damaged, or addressed to another corp.
        """
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError):
            raise CallbackError(CallbackFault.BUFFER, "base64") from None
        if not data or len(data) % 16:
            raise CallbackError(CallbackFault.BUFFER, "block length")
        decryptor = self._cipher.decryptor()
        plain = _unpad(decryptor.update(data) + decryptor.finalize())
        length = int.from_bytes(plain[_RANDOM:_HEAD], "big")
        if len(plain) < _HEAD or length > len(plain) - _HEAD:
            raise CallbackError(CallbackFault.BUFFER, "message length")
        if plain[_HEAD + length :] != self._receive_id:
            raise CallbackError(CallbackFault.RECEIVE_ID)
        try:
            return plain[_HEAD : _HEAD + length].decode()
        except UnicodeDecodeError:
            raise CallbackError(CallbackFault.BUFFER, "utf-8") from None


def _unpad(plain: bytes) -> bytes:
    count = plain[-1]
    if not 1 <= count <= _BLOCK or plain[-count:] != bytes([count]) * count:
        raise CallbackError(CallbackFault.DECRYPT, "padding")
    return plain[:-count]
