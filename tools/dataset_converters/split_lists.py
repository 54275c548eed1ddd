"""Old name of ``tools/prepare_dataset.py split-lists``."""

from mmcxr.preparing.command import old_name

if __name__ == '__main__':
    old_name('split-lists')
