"""Work spread over processes, its results in order."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, parent_process
from typing import TypeVar

T = TypeVar('T')


def in_order(
    function: Callable[..., T], calls: Iterable[tuple], workers: int
) -> Iterator[T]:
    """Results of ``function(*call)`` for each call, in the order of the calls.

    At most four calls a worker are drawn ahead. Workers end with the process that
    started them, however it ends. They are there when this returns, so that none is
    forked while a thread draws a progress bar.

    Args:
        function: at the top of a module, so that processes can name it.
        calls: drawn as they are needed.
        workers: processes; 0 does the work in the caller's.
    """
    if workers < 1:
        return (function(*call) for call in calls)
    pool = ProcessPoolExecutor(workers, initializer=_start_worker)
    pool.submit(os.getpid).result()
    return _results(pool, function, calls, 4 * workers)


def _results(
    pool: ProcessPoolExecutor, function: Callable[..., T], calls: Iterable, ahead: int
) -> Iterator[T]:
    with pool:
        waiting: deque = deque()
        try:
            for call in calls:
                waiting.append(pool.submit(function, *call))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _start_worker() -> None:
    import cv2

    cv2.setNumThreads(0)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A worker of a killed pool would wait for ever for work.
    connection.wait([parent_process().sentinel])
    os._exit(1)
