import time

import pyarrow as pa
import pyarrow.parquet as pq

from preprocessing.dataset.sources.parquet_columns import read_columns, texts


def test_a_long_list_of_names_that_all_differ_takes_time_by_its_length() -> None:
    paths = [f"pictures/of/somebody/{number}.jpg" for number in range(100_000)]
    labels = ["happy", None] * 50_000
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"path": paths, "label": labels}), sink)
    source = pa.BufferReader(sink.getvalue())
    started_s = time.process_time()
    with pq.ParquetFile(source, read_dictionary=texts(pq.read_schema(source))) as file:
        values = read_columns(file, ["path", "label"], "list.parquet")
    # With all words of a row group turned into Python's for each few rows: half a minute.
    assert time.process_time() - started_s < 5
    assert values == {"path": paths, "label": labels}
