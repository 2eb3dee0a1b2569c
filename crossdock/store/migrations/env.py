"""Runs the migrations on the connection that `crossdock.store.database.migrate` hands over."""

from alembic import context

from crossdock.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    version_table_schema="crossdock",
    transaction_per_migration=False,
)
context.get_bind().exec_driver_sql("CREATE SCHEMA IF NOT EXISTS crossdock")
with context.begin_transaction():
    context.run_migrations()
