"""What Alembic runs for each command; `feedback.upgrade` hands it the connection."""

from alembic import context

from serving.feedback.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
