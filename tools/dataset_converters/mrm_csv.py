"""Old name of ``tools/prepare_dataset.py mrm-csv``."""

from mmcxr.preparing.command import old_name

if __name__ == '__main__':
    old_name('mrm-csv')
