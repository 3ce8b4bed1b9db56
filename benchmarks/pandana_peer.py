"""Run by pandana's own interpreter: ``pandana_peer.py arrays.npz`` → one JSON line."""

import json
import sys
import time

import numpy as np
import pandana
import pandas as pd

data = np.load(sys.argv[1])
start = time.process_time()
made = pandana.Network(
    pd.Series(data["x"]), pd.Series(data["y"]), pd.Series(data["head"]), pd.Series(data["tail"]),
    pd.DataFrame({"s": data["seconds"]}), twoway=False,
)  # fmt: skip
prepared = time.process_time() - start
took, found = [], 0
for _ in range(int(sys.argv[2])):
    start = time.process_time()
    found = len(made.nodes_in_range(data["sites"].tolist(), 600.0))
    took.append((time.process_time() - start) / data["sites"].size)
print(json.dumps({"prepared": prepared, "each": float(np.median(took)), "found": found / data["sites"].size,
                  "version": pandana.__version__}))  # fmt: skip
