# Crossdock 的常用命令；在只有 Python 3.11+、make 和软件包索引的机器上即可使用。
# Everyday commands; a machine with Python 3.11+, make and a package index is enough.
#   PYTHON=python3.12  选择解释器 · which interpreter      VENV=.venv  虚拟环境 · where the environment goes

PYTHON ?= python3
VENV ?= .venv
override VENV := $(abspath $(VENV))
BIN := $(VENV)/bin
QUICK := not store and not airflow and not browser and not e2e and not system

.DEFAULT_GOAL := help
.PHONY: help venv demo test check e2e bench docs docs-check fmt clean lock

help: ## 显示本帮助 · show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

venv: ## 建立虚拟环境（其他命令会自动调用） · make the environment (every other target does this by itself)
	@command -v $(PYTHON) >/dev/null || { \
	  echo "✗ 找不到 $(PYTHON)，请先安装 Python 3.11 或更新版本 · $(PYTHON) not found; install Python 3.11 or newer first"; exit 1; }
	@$(PYTHON) tools/bootstrap.py $(VENV)

demo: venv ## 运行完整演示；ONCE=1 只跑一遍后退出 · run the whole demo; ONCE=1 ends after one round
	$(BIN)/crossdock demo --airflow $(if $(ONCE),--once)

test: venv ## 运行测试（端到端测试除外） · run the tests (all but end-to-end)
	$(BIN)/pytest -n 4 --dist worksteal -m "not e2e"

check: venv ## 提交前检查：格式、类型、分层、文档、快速测试 · before a commit: lint, types, layers, docs, quick tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory docs-check
	$(BIN)/pytest -n 2 -m "$(QUICK)"

e2e: venv ## 用真实进程跑主流程 · the main job in real processes
	$(BIN)/pytest -n 2 --dist loadfile -m e2e

bench: venv ## 性能对比测试 · measure speed and memory side by side
	$(BIN)/python bench/run.py

docs: venv ## 重新生成参考文档 · regenerate the reference pages
	$(BIN)/python docs/generate.py

docs-check: venv ## 检查参考文档是否最新 · are the reference pages up to date?
	@$(BIN)/python docs/generate.py --check || { echo "文档已过期，请运行：make docs · Stale docs. Run: make docs"; exit 1; }

fmt: venv ## 整理代码格式 · format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## 删除演示数据和缓存（保留虚拟环境） · remove demo data and caches (the environment stays)
	@if [ -x $(BIN)/crossdock ]; then $(BIN)/crossdock demo --remove || true; fi
	rm -rf .demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

lock: venv ## 按 setup.cfg 更新 requirements.lock · bring requirements.lock in line with setup.cfg
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal setup.cfg --extra dev --extra airflow -o requirements.lock
