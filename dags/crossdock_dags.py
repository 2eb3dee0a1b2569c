"""All DAGs of this deployment, made from CROSSDOCK_HOME; Airflow parses only files that name both dag and airflow."""

from crossdock.airflow.factory import build_dags

globals().update(build_dags())
