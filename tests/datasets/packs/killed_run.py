"""Packing that ends halfway."""

import os

from fresh import FRESH

from mmcxr.datasets.packs.packing import pack_dataset


def killed(root, settings, after, **options):
    """Pack in a process that ends, without a word, after some rows."""
    process = FRESH.Process(target=_pack, args=(root, settings, after, options))
    process.start()
    process.join()
    assert process.exitcode == 9


def _pack(root, settings, after, options):
    pack_dataset(
        root,
        settings,
        progress=lambda done, _: done == after and os._exit(9),
        **options,
    )
