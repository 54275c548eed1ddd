"""Old name of ``tools/prepare_dataset.py tbx11k``."""

from mmcxr.preparing.command import old_name

if __name__ == '__main__':
    old_name('tbx11k')
