"""`python -m wecom_notify.simulator`: one app, three members and one group, to play with by hand."""

import argparse

import uvicorn
from pydantic import SecretStr

from wecom_notify.simulator.config import SimulatorConfig
from wecom_notify.simulator.server import create_simulator


def main() -> None:
    """Serves the simulator until it is interrupted."""
    parser = argparse.ArgumentParser(prog="wecom_notify.simulator", description="企业微信模拟器 · WeCom simulator")
    parser.add_argument("--port", type=int, default=8650, help="端口 · port")
    parser.add_argument("--callback-url", default="", help="按钮回调地址 · where clicks are reported")
    parser.add_argument("--callback-token", default="simulator", help="回调 Token · callback token")
    parser.add_argument("--callback-aes-key", default="a" * 42 + "A", help="回调 EncodingAESKey，43 位 · 43 characters")
    options = parser.parse_args()
    config = SimulatorConfig(
        apps={1000002: SecretStr("simulator-secret")},
        app_names={1000002: "供应链助手"},
        members={"zhangsan": "张三", "lisi": "李四", "wangwu": "王五"},
        robots={"simulator-robot": "供应链群"},
        callback_url=options.callback_url,
        callback_token=SecretStr(options.callback_token),
        callback_aes_key=SecretStr(options.callback_aes_key),
    )
    # No access log: its lines hold tokens and keys.
    uvicorn.run(create_simulator(config), host="127.0.0.1", port=options.port, access_log=False)


if __name__ == "__main__":
    main()
