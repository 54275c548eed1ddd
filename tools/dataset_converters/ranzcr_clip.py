"""Old name of ``tools/prepare_dataset.py ranzcr-clip``."""

from mmcxr.preparing.command import old_name

if __name__ == '__main__':
    old_name('ranzcr-clip')
