"""What stands where in a config: the registry that a ``type`` is looked up in, what
the builder adds to a dict, and the keys of the dicts that have no ``type``.
"""

from dataclasses import dataclass, replace
from inspect import signature

from mmengine.runner import Runner, set_random_seed
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Read by the runner from the whole config, besides its constructor's arguments.
RUNNER_EXTRAS = (
    'activation_checkpointing',
    'micro_batch',
    'compile',
    'custom_imports',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'runner_type',
    'strategy',
    'sync_bn',
    'tta_model',
)
RUNNER_KEYS = tuple(
    k for k in signature(Runner.__init__).parameters if k not in ('self', 'cfg')
)
TOP_LEVEL = (*RUNNER_KEYS, *RUNNER_EXTRAS)


@dataclass(frozen=True)
class Place:
    """A position in a config.

    Args:
        kind: registry that a ``type`` here is looked up in.
        default: the ``type`` when a dict names none.
        supplied: arguments that the builder adds.
        extra: keys that the builder takes for itself.
        known: False below the arguments of a constructor, where ``kind`` is a guess
            and the builder may add arguments of its own.
        needs: what a dict here that names no ``type`` lacks; empty if it may.
        scope: where the builder looks, whatever the scope of the config.
    """

    kind: str
    default: str | None = None
    supplied: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    known: bool = True
    needs: str = ''
    scope: str | None = None


TYPE = "a 'type'"
HOOK = Place('HOOKS', extra=('priority',), needs=TYPE)
METRIC = Place('METRICS')
TRANSFORM = Place('TRANSFORMS', needs=TYPE)
DATASET = Place('DATASETS', needs=TYPE)
LOOP = Place('LOOPS', supplied=('runner', 'dataloader', 'evaluator'))
ROOT = dict(
    model=Place('MODELS', needs=TYPE),
    tta_model=Place('MODELS', supplied=('module',), needs=TYPE),
    data_preprocessor=Place('MODELS', known=False),
    model_wrapper_cfg=Place('MODEL_WRAPPERS', 'MMDistributedDataParallel',
                            supplied=('module', 'device_ids'), scope='mmengine'),
    optim_wrapper=Place('OPTIM_WRAPPERS', 'OptimWrapper',
                        extra=('constructor', 'paramwise_cfg')),
    param_scheduler=Place('PARAM_SCHEDULERS', supplied=('optimizer',),
                          extra=('convert_to_iter_based', 'epoch_length')),
    train_cfg=replace(LOOP, needs=f"'by_epoch' (or {TYPE})"),
    val_cfg=replace(LOOP, default='ValLoop'),
    test_cfg=replace(LOOP, default='TestLoop'),
    val_evaluator=METRIC, test_evaluator=METRIC,
    custom_hooks=HOOK,
    visualizer=Place('VISUALIZERS', 'Visualizer'),
    log_processor=Place('LOG_PROCESSORS', 'LogProcessor'),
    strategy=Place('STRATEGIES', known=False),
)  # fmt: skip
# By the key under which a dict stands, wherever that is.
NESTED = dict(
    dataset=DATASET,
    datasets=DATASET,
    pipeline=TRANSFORM,
    transforms=TRANSFORM,
    metrics=METRIC,
    tokenizer=Place('TOKENIZERS', known=False),
    # CXRCLIP's, whose channels follow from its encoders.
    projection=Place('MODELS', supplied=('in_channels', 'out_channels'), known=False),
    init_cfg=Place('WEIGHT_INITIALIZERS', extra=('override', 'name'), needs=TYPE),
    optimizer=Place('OPTIMIZERS', supplied=('params',), needs=TYPE),
    vis_backends=Place('VISBACKENDS', supplied=('save_dir',), extra=('name',)),
)
# Keys that mmcv's and mmpretrain's builders take out before they build.
OWN_KEYS = dict(
    norm_cfg=('requires_grad',), policies=('magnitude_key', 'magnitude_range')
)
IN_LOADER = dict(
    dataset=DATASET,
    sampler=Place('DATA_SAMPLERS', supplied=('dataset', 'seed'),
                  needs=TYPE),
    batch_sampler=Place('DATA_SAMPLERS', supplied=('sampler', 'batch_size')),
    collate_fn=Place('FUNCTIONS', supplied=('data_batch',), scope='mmengine'),
    worker_init_fn=Place('FUNCTIONS', supplied=('worker_id',), scope='mmengine'),
)  # fmt: skip
# Places that hold a name and not a dict.
CONSTRUCTOR = Place('OPTIM_WRAPPER_CONSTRUCTORS')
RUNNER = Place('RUNNERS')
# Keys of an optimizer wrapper that are not built.
OPTIM_KEYS = ('constructor', 'paramwise_cfg', 'clip_grad')
# Dicts without a type: dotted place -> keys that are read there.
PLAIN = {
    'env_cfg': ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    'env_cfg.mp_cfg': ('mp_start_method', 'opencv_num_threads'),
    'randomness': tuple(signature(set_random_seed).parameters),
    'auto_scale_lr': ('enable', 'base_batch_size'),
}
# Places whose keys the check of a config knows.
CHECKED = ('', *ROOT, *PLAIN, *LOADERS)
# Read by mmengine's default optimizer constructor; it ignores others silently.
PARAMWISE = (
    'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult',
    'flat_decay_mult', 'dwconv_decay_mult', 'dcn_offset_lr_mult', 'bypass_duplicate',
)  # fmt: skip
LOADER_KEYS = (
    *(k for k in signature(DataLoader.__init__).parameters if k != 'self'),
    'num_batch_per_epoch',
    'disable_subprocess_warning',
)


def refine(place: Place, value: dict) -> Place:
    """``place`` with what the content of the dict there says about it."""
    if place.kind == 'LOOPS' and 'by_epoch' in value and 'type' not in value:
        loop = 'EpochBasedTrainLoop' if value['by_epoch'] else 'IterBasedTrainLoop'
        return replace(place, default=loop, extra=('by_epoch',))
    if place.kind == 'METRICS' and 'metrics' in value:
        return Place('EVALUATOR', 'Evaluator')
    if place.kind == 'OPTIM_WRAPPERS' and 'optimizer' not in value:
        return replace(place, default=None)  # several optimizers, by name
    return place


def below(place: Place, key: str) -> Place:
    """The place of the dict that stands under ``key`` of one at ``place``."""
    if key in NESTED:
        return NESTED[key]
    return replace(
        place, default=None, supplied=(), extra=OWN_KEYS.get(key, ()), known=False,
        needs='', scope=None,
    )  # fmt: skip


def optim_keys(key: str, wrapper: dict) -> tuple[str, ...]:
    """Keys of ``clip_grad`` or ``paramwise_cfg``; none where they cannot be told."""
    if key == 'clip_grad':
        by_value = wrapper[key].get('type') == 'value'
        function = clip_grad_value_ if by_value else clip_grad_norm_
        return ('type', *list(signature(function).parameters)[1:])
    return () if 'constructor' in wrapper else PARAMWISE
