"""Which errors are the user's, and how they are told in one line."""

import dis
import os

from mmcxr.engine.config_file import ConfigError


def user_lines(error: BaseException) -> list[str] | None:
    """What to tell a user instead of a traceback; None where that is wanted.

    The user's are: a missing file, any error class of ours, and a ``ValueError`` or
    ``RuntimeError`` that our own code raises, which by the custom of the house says
    what to put right. The same error out of torch, or out of a C function that our
    code calls, is a bug of somebody.

    Args:
        error: anything a run raised. One of a data worker, which torch raises anew
            with the worker's traceback as its text, is told by its last line.
    """
    if os.environ.get('MMCXR_TRACEBACK'):
        return None
    module = type(error).__module__
    ours = module.split('.')[0] == 'mmcxr' and isinstance(error, Exception)
    missing = isinstance(error, FileNotFoundError)
    if not (ours or missing or _raised_by_us(error)):
        return None
    text = str(error).strip() or type(error).__name__
    if isinstance(error, ConfigError):
        return text.splitlines()
    if 'Original Traceback (most recent call last)' in text:
        text = text.splitlines()[-1].removeprefix(f'{module}.{type(error).__name__}: ')
    return [' '.join(text.split())]


def _raised_by_us(error: BaseException) -> bool:
    """Whether a ``raise`` statement of ours raised a ValueError or RuntimeError."""
    last = error.__traceback__
    if type(error) not in (ValueError, RuntimeError) or last is None:
        return False
    while last.tb_next is not None:
        last = last.tb_next
    frame = last.tb_frame
    raised = frame.f_code.co_code[last.tb_lasti] == dis.opmap['RAISE_VARARGS']
    return raised and frame.f_globals.get('__name__', '').split('.')[0] == 'mmcxr'
