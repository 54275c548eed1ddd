"""Old name of ``tools/prepare_dataset.py chestx-ray14``."""

from mmcxr.preparing.command import old_name

if __name__ == '__main__':
    old_name('chestx-ray14')
