"""The main job in miniature: draw films, pre-train CXR-CLIP, measure, report.

Every step is what a user would type, inside the folder of the demo: the tools'
functions, with the configs as they are.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import Progress

from mmcxr.datasets.synthetic import write_synthetic_dataset
from mmcxr.datasets.wordpiece import split_texts, train_wordpiece
from mmcxr.engine.launch import test, train
from mmcxr.evaluation.functional.results import write_results

from .demo_report import summary, write_report

DATA = Path('data/synthetic')  # where the configs look for it
PRETRAIN = 'cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py'
ZERO_SHOT = 'benchmarks/zero_shot/synthetic/cxr-clip_r18.py'
RETRIEVAL = 'benchmarks/retrieval/synthetic/cxr-clip_r18.py'
PROBE = 'benchmarks/classification/synthetic/linear-probe_cxr-clip_r18.py'


def run_demo(
    out: str | Path,
    configs: str | Path,
    num_films: int = 3000,
    options: dict[str, dict] | None = None,
    say: Callable[[str], None] = print,
) -> tuple[Path, list[list[str]]]:
    """Draw, train, measure and report.

    Args:
        out: folder for the films, the runs, ``results.json`` and ``report.html``.
        configs: the project's ``configs`` folder.
        num_films: synthetic films to draw.
        options: 'pretrain' and 'linear_probe' -> what is merged into the config of
            that training (dotted key -> value).
        say: told what begins.

    Returns:
        Path of the report, and the rows of its table: measure, value, 95 % interval,
        baseline.

    Raises:
        SystemExit: a step ended in an error, which it has printed.
    """
    configs = Path(configs).resolve()
    out = Path(out).resolve()
    quiet = dict(log_level='WARNING')
    options = options or {}
    with _inside(out):
        say(f'1/5  drawing {num_films} synthetic films')
        draw_films(num_films)
        say('2/5  pre-training CXR-CLIP')
        changes = {**quiet, **options.get('pretrain', {})}
        _check(train(str(configs / PRETRAIN), 'pretrain', cfg_options=changes))
        checkpoint = best_checkpoint('pretrain')
        say('3/5  zero-shot classification of held-out patients')
        _check(
            test(str(configs / ZERO_SHOT), checkpoint, 'zero_shot', cfg_options=quiet)
        )
        say('4/5  retrieval among held-out studies')
        _check(
            test(str(configs / RETRIEVAL), checkpoint, 'retrieval', cfg_options=quiet)
        )
        say('5/5  linear probe on the frozen encoder')
        changes = {**quiet, **options.get('linear_probe', {})}
        changes['model.backbone.init_cfg.checkpoint'] = checkpoint
        probe = str(configs / PROBE)
        _check(train(probe, 'linear_probe', cfg_options=changes))
        probed = best_checkpoint('linear_probe')
        _check(test(probe, probed, 'linear_probe', cfg_options=quiet))
        results = {
            name: json.loads(Path(name, 'results.json').read_text(encoding='utf-8'))
            for name in ('zero_shot', 'retrieval', 'linear_probe')
        }
        write_results(Path('results.json'), results)
        write_report(Path('report.html'), results, configs / ZERO_SHOT, checkpoint)
    return out / 'report.html', summary(results)


def draw_films(num_films: int) -> None:
    """Films and a tokenizer of their reports, unless the same are there."""
    stamp = DATA / 'films.txt'
    if stamp.is_file() and stamp.read_text() == str(num_films):
        return
    shutil.rmtree(DATA, ignore_errors=True)  # others, or half of these
    with Progress(transient=True) as bar:
        task = bar.add_task('films', total=num_films)
        write_synthetic_dataset(
            DATA,
            num_films=num_films,
            size=128,
            workers=2,
            progress=lambda films: bar.advance(task, films),
        )
    texts = split_texts(DATA, scheme='official', split='train')
    train_wordpiece(texts, vocab_size=1000, out=DATA / 'tokenizer')
    stamp.write_text(str(num_films))


def best_checkpoint(work_dir: str) -> str:
    """The newest of the best checkpoints in a work folder."""
    found = Path(work_dir).glob('best_*.pth')
    return str(max(found, key=lambda path: path.stat().st_mtime))


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _check(exit_code: int) -> None:
    if exit_code:
        raise SystemExit(exit_code)
