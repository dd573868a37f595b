"""Make the table of the feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "feedback",
        sa.Column("code_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("chip", sa.LargeBinary, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("model_digest", sa.String(64), nullable=False),
        sa.Column("balance", sa.Float(53), nullable=False),
        sa.Column("probabilities", sa.JSON, nullable=False),
        sa.Column("predicted", sa.String(100), nullable=False),
        sa.Column("said", sa.String(100), nullable=False),
    )
    op.create_index("feedback_counts", "feedback", ["model_digest", "model", "predicted", "said"])


def downgrade() -> None:
    """Delete the table, and all feedback with it."""
    op.drop_table("feedback")
