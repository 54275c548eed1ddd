"""Tell which errors are the user's, and report them in one line each."""

import dis
import errno
import os
import re
from pathlib import Path

from .config_file import ConfigError

_MISTAKES = (ValueError, TypeError, RuntimeError)
_REFUSALS = (
    FileNotFoundError,
    FileExistsError,
    NotADirectoryError,
    IsADirectoryError,
    PermissionError,
)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_HOUSE = str(Path(__file__).resolve().parents[1])
# How torch raises the error of a data worker anew: the traceback is its text.
_WORKER = 'Original Traceback (most recent call last)'
_FRAME = re.compile(r'^  File "(.+)", line \d+, in .+\n    (raise )?', re.MULTILINE)


def user_lines(error: BaseException) -> list[str] | None:
    """What to tell a user instead of a traceback; None where that is wanted.

    The user's are: a file that is missing, there already, of the wrong kind or not
    allowed, a full disk, any error class of ours, and a ``ValueError``,
    ``TypeError`` or ``RuntimeError`` that our own code raises, which says what to
    correct. The same error raised by torch, or by a C function that our code calls, is
    a bug.

    Args:
        error: anything a run raised, in this process or in a data worker.
    """
    if os.environ.get('MMCXR_TRACEBACK'):
        return None
    module = type(error).__module__
    ours = module.split('.')[0] == 'mmcxr' and isinstance(error, Exception)
    if not (ours or _of_the_files(error) or _raised_by_us(error)):
        return None
    text = str(error).strip() or type(error).__name__
    if isinstance(error, ConfigError):
        return text.splitlines()
    if _WORKER in text:
        name = type(error).__qualname__
        name = name if module == 'builtins' else f'{module}.{name}'
        text = text.rpartition(f'\n{name}: ')[2]
    return [' '.join(text.split())]


def _of_the_files(error: BaseException) -> bool:
    """Whether the file system refused, in a way that only the user can correct."""
    if isinstance(error, _REFUSALS):
        return True
    return isinstance(error, OSError) and error.errno in _FULL


def _raised_by_us(error: BaseException) -> bool:
    """Whether a ``raise`` statement of ours raised one of the usual classes."""
    last = error.__traceback__
    if type(error) not in _MISTAKES or last is None:
        return False
    if _WORKER in str(error):
        file, raised = (_FRAME.findall(str(error)) or [('', '')])[-1]
        return bool(raised) and Path(file).resolve().is_relative_to(_HOUSE)
    while last.tb_next is not None:
        last = last.tb_next
    frame = last.tb_frame
    raised = frame.f_code.co_code[last.tb_lasti] == dis.opmap['RAISE_VARARGS']
    return raised and frame.f_globals.get('__name__', '').split('.')[0] == 'mmcxr'
