"""Run by the interpreter of an older scipy: ``scipy_peer.py arrays.npz times`` → one JSON line."""

import json
import sys
import time

import numpy as np
import scipy
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

data = np.load(sys.argv[1])
n = data["x"].size
order = np.lexsort((data["seconds"], data["tail"], data["head"]))
head, tail, seconds = (data[key][order] for key in ("head", "tail", "seconds"))
first = np.append(True, (np.diff(head) != 0) | (np.diff(tail) != 0))
matrix = csr_matrix((seconds[first], (head[first], tail[first])), shape=(n, n))
sites = data["sites"]
took, found = [], 0
for _ in range(int(sys.argv[2])):
    start = time.process_time()
    chunks = [
        dijkstra(matrix, indices=chunk, limit=600.0)
        for chunk in np.array_split(sites, max(1, sites.size // 100))
    ]
    took.append((time.process_time() - start) / sites.size)
    found = sum(int(np.isfinite(dense).sum()) for dense in chunks)
print(json.dumps({"each": float(np.median(took)), "found": found / sites.size, "version": scipy.__version__}))
