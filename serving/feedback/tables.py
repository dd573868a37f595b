"""The one table of the feedback, as SQLAlchemy maps it."""

from datetime import date

from sqlalchemy import JSON, Float, Index, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# The newest change in `migrations/versions/`; a server works with this one only.
REVISION = "0001"


class Base(DeclarativeBase):
    """The tables of the feedback."""


class FeedbackRow(Base):
    """One piece of feedback; what its columns mean is said in `types.Feedback`.

    Nothing tells in which order rows of one day came, at least not to who asks with SQL. On SQLite
    the table must keep its hidden row number: with `WITHOUT ROWID` a row is moved between pages
    when others come, and deleting it would not overwrite what it leaves behind.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        # All that is counted, without reading the chips.
        Index("feedback_counts", "model_digest", "model", "predicted", "said"),
    )

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    day: Mapped[date]
    chip: Mapped[bytes] = mapped_column(LargeBinary)
    model: Mapped[str] = mapped_column(String(200))
    model_digest: Mapped[str] = mapped_column(String(64))
    balance: Mapped[float] = mapped_column(Float(53))
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON)
    predicted: Mapped[str] = mapped_column(String(100))
    said: Mapped[str] = mapped_column(String(100))
