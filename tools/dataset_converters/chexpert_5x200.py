"""Old name of ``tools/prepare_dataset.py chexpert-5x200``."""

from mmcxr.preparing.command import old_name

if __name__ == '__main__':
    old_name('chexpert-5x200')
