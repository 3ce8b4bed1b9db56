"""The peer that anybody would write first: bounded Dijkstra with a binary heap in Numba."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def heap_search(indptr, indices, seconds, sites, cutoff):  # noqa: C901
    """Reached node and seconds of every site, one after another."""
    n = indptr.size - 1
    dist = np.full(n, np.inf)
    key, node = np.empty(1 << 16), np.empty(1 << 16, np.int32)
    touched = np.empty(n, np.int32)
    out, out_s = np.empty(1 << 20, np.int32), np.empty(1 << 20, np.float32)
    k = 0
    for s in sites:
        dist[s] = 0.0
        key[0], node[0] = 0.0, s
        size, count = 1, 0
        while size > 0:
            d, x = key[0], node[0]
            size -= 1
            t, y, i = key[size], node[size], 0
            while 2 * i + 1 < size:
                c = 2 * i + 1
                if c + 1 < size and key[c + 1] < key[c]:
                    c += 1
                if t <= key[c]:
                    break
                key[i], node[i] = key[c], node[c]
                i = c
            key[i], node[i] = t, y
            if d > dist[x]:
                continue
            touched[count] = x
            count += 1
            if size + 64 > key.size:
                key, node = np.append(key, np.empty_like(key)), np.append(node, np.empty_like(node))
            for j in range(indptr[x], indptr[x + 1]):
                y = indices[j]
                t = d + seconds[j]
                if t <= cutoff and t < dist[y]:
                    dist[y] = t
                    i = size
                    size += 1
                    while i > 0 and key[(i - 1) >> 1] > t:
                        key[i], node[i] = key[(i - 1) >> 1], node[(i - 1) >> 1]
                        i = (i - 1) >> 1
                    key[i], node[i] = t, y
        if k + count > out.size:
            more = max(out.size, count)
            out, out_s = (
                np.append(out, np.empty(more, np.int32)),
                np.append(out_s, np.empty(more, np.float32)),
            )
        for i in range(count):
            out[k], out_s[k] = touched[i], dist[touched[i]]
            k += 1
            dist[touched[i]] = np.inf
    return out[:k], out_s[:k]
