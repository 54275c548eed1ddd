"""The main job in miniature: draw films, pre-train CXR-CLIP and MRM, measure, report.

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

from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece
from mmcxr.engine.launch import test, train
from mmcxr.evaluation.functional.results import write_results
from mmcxr.synthetic import write_synthetic_dataset

from .demo_report import summary, write_report

DATA = Path('data/synthetic')  # where the configs look for it
PRETRAIN = 'cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py'
ZERO_SHOT = 'benchmarks/zero_shot/synthetic/cxr-clip_r18.py'
RETRIEVAL = 'benchmarks/retrieval/synthetic/cxr-clip_r18.py'
PROBE = 'benchmarks/classification/synthetic/linear-probe_cxr-clip_r18.py'
MASKED = 'mrm/mrm_vit-mini_1xb16-20e_synthetic-192px.py'
FINE_TUNE = 'benchmarks/classification/synthetic/finetune_mrm_vit-mini.py'
SEGMENT = (
    'benchmarks/segmentation/synthetic/upernet_mrm_vit-mini_1xb8-400_synthetic-192px.py'
)


def _iterations(number: int) -> dict:
    every = number // 2
    return {
        'train_cfg.max_iters': number,
        'train_cfg.val_interval': every,
        'default_hooks.checkpoint.interval': every,
    }


# Shorter than the configs: much sooner done, and nearly as good.
SHORTER = {
    'pretrain': {'train_cfg.max_epochs': 8},
    'linear_probe': _iterations(120),
    'masked': {
        'train_cfg.max_epochs': 6,
        'train_cfg.val_interval': 3,
        'default_hooks.checkpoint.interval': 3,
    },
    'segmentation': _iterations(300),
}
RESULTS = ('zero_shot', 'retrieval', 'linear_probe', 'fine_tuning', 'segmentation')


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
        options: 'pretrain', 'linear_probe', 'masked', 'fine_tuning' or 'segmentation'
            -> what is merged into the config of that training (dotted key -> value).
        say: told what begins.

    Returns:
        Path of the report, and the rows of its table: measure, value, 95 % interval,
        baseline.

    Raises:
        SystemExit: a step ended in an error, which it has printed.
    """
    configs = Path(configs).resolve()
    out = Path(out).resolve()
    options = options or {}

    def learn(config: str, name: str, start: str | None = None) -> str:
        changes = {'log_level': 'WARNING', **SHORTER.get(name, {})}
        changes |= options.get(name, {})
        if start is not None:
            changes['model.backbone.init_cfg.checkpoint'] = start
        _check(train(str(configs / config), name, cfg_options=changes))
        return best_checkpoint(name)

    def measure(config: str, name: str, checkpoint: str) -> None:
        quiet = dict(log_level='WARNING')
        _check(test(str(configs / config), checkpoint, name, cfg_options=quiet))

    with _inside(out):
        say(f'1/8  drawing {num_films} synthetic films')
        draw_films(num_films)
        say('2/8  pre-training CXR-CLIP')
        clip = learn(PRETRAIN, 'pretrain')
        say('3/8  zero-shot classification of held-out patients')
        measure(ZERO_SHOT, 'zero_shot', clip)
        say('4/8  retrieval among held-out studies')
        measure(RETRIEVAL, 'retrieval', clip)
        say('5/8  linear probe on the frozen encoder')
        measure(PROBE, 'linear_probe', learn(PROBE, 'linear_probe', clip))
        say('6/8  pre-training MRM')
        masked = learn(MASKED, 'masked')
        say("7/8  fine-tuning MRM's encoder")
        measure(FINE_TUNE, 'fine_tuning', learn(FINE_TUNE, 'fine_tuning', masked))
        say("8/8  segmenting pneumothoraces with MRM's encoder")
        segmentor = learn(SEGMENT, 'segmentation', masked)
        measure(SEGMENT, 'segmentation', segmentor)
        results = {
            name: json.loads(Path(name, 'results.json').read_text(encoding='utf-8'))
            for name in RESULTS
        }
        write_results(Path('results.json'), results)
        models = {
            'zero_shot': (configs / ZERO_SHOT, clip),
            'masked': (configs / MASKED, masked),
            'segmentation': (configs / SEGMENT, segmentor),
        }
        write_report(Path('report.html'), results, models)
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
