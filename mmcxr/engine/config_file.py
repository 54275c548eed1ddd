"""Reading a config file and the ``--cfg-options`` that change it.

What can be wrong with either is raised as :class:`ConfigError` in words for the user.
"""

import io
import logging
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

import mmengine.config.utils as config_utils
from mmengine.config import Config
from mmengine.logging import print_log

from .config_check import check_config, did_you_mean
from .config_options import option_mistake
from .config_types import nearest
from .use_encoder import use_encoder

# mmengine knows the original distributions; ours and the maintained fork of mmseg
# are installed under other names, and `mmcxr::`, `mmseg::` bases need an entry.
config_utils.MODULE2PACKAGE.update(mmcxr='mmcxr', mmseg='mmseg')


class ConfigError(ValueError):
    """A config, or what it points at, that cannot be run; one mistake a line."""


def load_config(
    path: str | Path, options: Mapping | None = None, encoder: str | None = None
) -> Config:
    """Read a config file, fill in its encoder, and merge options into it.

    Args:
        path: config file, or ``package::path`` for one of an installed package.
        options: dotted key -> value, as ``--cfg-options`` gives them.
        encoder: ``NAME`` or ``NAME=FILE``, see :mod:`.encoder`, in place of the
            config's.

    Raises:
        ConfigError: no such file, a file that cannot be read, an encoder that is not
            known, or an option whose key the config does not have.
    """
    if '::' not in str(path):
        check_exists(path, 'config')
        if Path(path).expanduser().is_dir():
            raise ConfigError(f'{path} is a folder; name a config file in it')
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # whatever python says about the user's file
        text = ' '.join(str(error).split())
        raise ConfigError(f'{path}: {type(error).__name__}: {text}') from error
    options = dict(options or {})
    try:
        use_encoder(cfg, encoder or options.pop('encoder', None))
    except ValueError as error:
        raise ConfigError(f'{path}: {error}') from error
    take_fraction(cfg, options.get('train_dataloader.dataset.fraction'))
    if options:
        for key in options:
            mistake = option_mistake(cfg, key)
            if mistake:
                raise ConfigError(f'--cfg-options {key}: {mistake}')
        try:
            cfg.merge_from_dict(options)
        except (TypeError, KeyError) as error:
            text = ' '.join(str(error).split())
            raise ConfigError(f'--cfg-options: {text}') from error
    move_former_switches(cfg)
    return cfg


def take_fraction(cfg: Config, asked: float | None) -> None:
    """Take what a config says of a share of its training films.

    Args:
        cfg: with ``fractions``, a list of what differs at some: ``fraction``, and keys
            of the config. It is taken out.
        asked: share of the films, that options ask for.

    Raises:
        ConfigError: the config itself has such a share: whose numbers count is not
            clear.
    """
    own = cfg.get('train_dataloader', {}).get('dataset', {}).get('fraction')
    for part in cfg.pop('fractions', None) or ():
        if asked is None and part['fraction'] == own:
            raise ConfigError(
                f'the config has fraction={own}, and in `fractions` what differs '
                'there; name the fraction by --cfg-options, or set fractions=[] to '
                'keep the other numbers of the config'
            )
        if part['fraction'] == asked:
            cfg.merge_from_dict({k: v for k, v in part.items() if k != 'fraction'})


def move_former_switches(cfg: Config) -> None:
    """Accept ``model.micro_batch`` and ``model.loss_block`` of older configs.

    These are switches around a method now: the first stands at the top, and many
    similarities are scored by blocks without being asked.
    """
    model = cfg.get('model') or {}
    size, block = model.pop('micro_batch', None), model.pop('loss_block', None)
    if size is not None:
        cfg.micro_batch = size
        line = f'model.micro_batch is now micro_batch={size} at the top of the config'
        print_log(line, 'current', logging.WARNING)
    if block is not None:
        line = 'model.loss_block is not needed any more; leave it out'
        print_log(line, 'current', logging.WARNING)


def load_checked_config(
    path: str | Path, options: Mapping | None = None, encoder: str | None = None
) -> Config:
    """Like :func:`load_config`, and refuse what would not build.

    Raises:
        ConfigError: from :func:`load_config`, or one line per mistake that
            :func:`~mmcxr.engine.config_check.check_config` finds.
    """
    cfg = load_config(path, options, encoder)
    with redirect_stdout(io.StringIO()):  # importing mmpretrain prints a line of noise
        mistakes = check_config(cfg)
    if mistakes:
        raise ConfigError('\n'.join(f'{path}: {line}' for line in mistakes))
    return cfg


def run_name(path: str | Path) -> str:
    """What the work folder of a config is called: as its file, without the suffix.

    Below ``configs/benchmarks``, where one file name stands in the folders of many
    tasks and datasets, these come first: ``zero_shot_siim_cxr-clip_r50``. Runs that
    measure different things then do not meet in one folder.

    Args:
        path: config file, or ``package::path`` for one of an installed package.
    """
    package, installed, inside = str(path).partition('::')
    whole = Path('configs', inside) if installed else Path(package).resolve()
    for depth, folders in enumerate(zip(whole.parts, whole.parts[1:], strict=False)):
        if folders == ('configs', 'benchmarks'):
            return '_'.join([*whole.parts[depth + 2 : -1], whole.stem])
    return whole.stem


def check_exists(path: str | Path, what: str, folder: bool = False) -> None:
    """Raise a ConfigError that names the nearest path if ``path`` is not there.

    Args:
        path: file or folder.
        what: how the message calls it.
        folder: it must be a folder.
    """
    path = Path(path).expanduser()
    is_it = Path.is_dir if folder else Path.exists
    if is_it(path):
        return
    known = path
    while not known.parent.is_dir():
        known = known.parent
    beside = nearest(known.name, [p.name for p in known.parent.iterdir() if is_it(p)])
    guess = str(known.parent / beside) if beside else None
    raise ConfigError(f'no {what} at {path}{did_you_mean(guess)}')
