"""The store: PostgreSQL tables generated from the model, migrations, and an embedded server."""
