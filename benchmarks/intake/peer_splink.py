"""The same corrupted registry rows linked by splink (run under the peers' interpreter): prints JSON."""

from __future__ import annotations

import json
import sys
import time
import unicodedata

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on


def main(path: str, column: str = "") -> None:
    frame = pd.read_parquet(path)
    frame["unique_id"] = range(len(frame))
    plain = [unicodedata.normalize("NFKC", name).replace(" ", "") for name in frame["name"]]
    frame["plain"] = frame[column] if column else plain
    frame["head"] = frame["plain"].str[: 3 if column else 6]
    frame["middle"] = frame["plain"].str[1:5] if column else frame["plain"].str[4:9]
    frame["organisation"] = frame["uscc"].str[8:17]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on("head"), block_on("middle"), block_on("organisation"), block_on("uscc"), block_on("plain"),
            block_on("registered_on", "city"),
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("plain", [0.97, 0.92, 0.85]),
            cl.LevenshteinAtThresholds("uscc", [1, 3]),
            cl.ExactMatch("registered_on"),
            cl.ExactMatch("town"),
            cl.ExactMatch("city"),
        ],
    )  # fmt: skip
    start = time.perf_counter()
    linker = Linker(DuckDBAPI().register(frame), settings)
    linker.training.estimate_probability_two_random_records_match([block_on("uscc"), block_on("plain")], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("head"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("uscc"))
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    seconds = time.perf_counter() - start
    columns = ["unique_id_l", "unique_id_r", "match_probability"]
    print(json.dumps({"pairs": found[columns].to_numpy().tolist(), "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
