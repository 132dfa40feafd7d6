"""Run by Alembic; the connection is handed in by `worker.store.migrate`."""

from alembic import context

from worker.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_server_default=False,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
