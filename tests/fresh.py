"""Processes that have imported and done nothing else.

A fork of the tests' own process would lack the threads that torch and OpenCV count on
once they have run, and wait for them.
"""

from multiprocessing import get_context

FRESH = get_context('forkserver')
# Imported once, by the process whose forks they are.
FRESH.set_forkserver_preload(['mmcxr.datasets'])
