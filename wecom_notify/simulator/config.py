"""What the simulated company looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from canonical_model.clock import Clock, utc_now
from canonical_model.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """A corp of WeCom with its apps, members and group robots.

    Attributes:
        corp_id: 企业 ID.
        apps: Agent id → secret.
        app_names: Agent id → name shown above the app's messages.
        members: User id → display name.
        robots: Key → name of the group in which the robot speaks.
        callback_url: Where clicks are reported; empty: cards with buttons are refused (43012), as by WeCom.
        callback_token: Token that signs callbacks.
        callback_aes_key: EncodingAESKey, 43 characters.
        token_seconds: Lifetime of an access token.
        expired_errcode: What an expired token answers: 40014, as seen in the field, or 42001, as documented.
        callback_timeout_seconds: How long a callback may take before it counts as failed.
        timezone: Zone of the times on the pages.
        language: Language of the pages.
        clock: Gives the present instant.
    """

    corp_id: str = "wwsimulator"
    apps: Mapping[int, SecretStr] = field(default_factory=dict)
    app_names: Mapping[int, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    robots: Mapping[str, str] = field(default_factory=dict)
    callback_url: str = ""
    callback_token: SecretStr = field(default_factory=lambda: SecretStr(""))
    callback_aes_key: SecretStr = field(default_factory=lambda: SecretStr(""))
    token_seconds: int = 7200
    expired_errcode: int = 40014
    callback_timeout_seconds: float = 5.0
    timezone: str = "Asia/Shanghai"
    language: Language = Language.ZH
    clock: Clock = utc_now
