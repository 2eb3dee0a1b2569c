"""Airflow: DAGs made from source files, connection forms, the WeCom notifier."""
