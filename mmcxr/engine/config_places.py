"""What stands where in a config: the registry that a ``type`` is looked up in, what
the builder adds to a dict, and the keys of the dicts that have no ``type``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import signature

from mmengine.runner import Runner, set_random_seed
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader


def _parameters(function: Callable) -> tuple[str, ...]:
    return tuple(signature(function).parameters)


# Keys that the runner reads from the whole config, after its constructor's arguments.
TOP_LEVEL = (
    *(k for k in _parameters(Runner.__init__) if k not in ('self', 'cfg')),
    'activation_checkpointing', 'micro_batch', 'compile', 'custom_imports',
    'encoder', 'fractions', 'published',
    'efficient_conv_bn_eval', 'find_unused_parameters', 'model_wrapper_cfg',
    'runner_type', 'strategy', 'sync_bn', 'tta_model',
)  # fmt: skip
# Read by mmengine's default optimizer constructor; it ignores others silently.
PARAMWISE = (
    'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult',
    'flat_decay_mult', 'dwconv_decay_mult', 'dcn_offset_lr_mult', 'bypass_duplicate',
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A position in a config.

    Args:
        kind: registry that a ``type`` here is looked up in; empty where no type is.
        default: the ``type`` when a dict names none.
        supplied: arguments that the builder adds.
        extra: keys that the builder takes for itself.
        known: False below the arguments of a constructor, where ``kind`` is a guess
            and the builder may add arguments of its own.
        needs: key that a dict without a ``type`` must have -> its name in a message.
        keys: what a dict without a ``type`` may hold; empty if anything.
        scope: where the builder looks, whatever the scope of the config.
        holds_name: it holds a ``type`` itself, not a dict.
        inside: key of a dict here -> place of its value.
    """

    kind: str = ''
    default: str | None = None
    supplied: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    known: bool = True
    needs: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    scope: str | None = None
    holds_name: bool = False
    inside: Mapping[str, 'Place'] = field(default_factory=dict)


TYPE = dict(type="a 'type'")
HOOK = Place('HOOKS', extra=('priority',), needs=TYPE)
METRIC = Place('METRICS')
TRANSFORM = Place('TRANSFORMS', needs=TYPE)
DATASET = Place('DATASETS', needs=TYPE)
LOOP = Place('LOOPS', supplied=('runner', 'dataloader', 'evaluator'))
CLIP_GRAD = Place()
LOADER = Place(
    needs=dict(dataset="a 'dataset'", sampler="a 'sampler'"),
    keys=(*_parameters(DataLoader), 'num_batch_per_epoch',
          'disable_subprocess_warning'),
    inside=dict(
        dataset=DATASET,
        sampler=Place('DATA_SAMPLERS', supplied=('dataset', 'seed'), needs=TYPE),
        batch_sampler=Place('DATA_SAMPLERS', supplied=('sampler', 'batch_size')),
        collate_fn=Place('FUNCTIONS', supplied=('data_batch',), scope='mmengine'),
        worker_init_fn=Place('FUNCTIONS', supplied=('worker_id',), scope='mmengine'),
    ),
)  # fmt: skip
# By top-level key.
ROOT = dict(
    model=Place('MODELS', needs=TYPE),
    tta_model=Place('MODELS', supplied=('module',), needs=TYPE),
    data_preprocessor=Place('MODELS', known=False),
    model_wrapper_cfg=Place('MODEL_WRAPPERS', 'MMDistributedDataParallel',
                            supplied=('module', 'device_ids'), scope='mmengine'),
    train_dataloader=LOADER, val_dataloader=LOADER, test_dataloader=LOADER,
    optim_wrapper=Place(
        'OPTIM_WRAPPERS', 'OptimWrapper', extra=('constructor', 'paramwise_cfg'),
        inside=dict(
            constructor=Place('OPTIM_WRAPPER_CONSTRUCTORS', holds_name=True),
            paramwise_cfg=Place(keys=PARAMWISE), clip_grad=CLIP_GRAD,
        ),
    ),
    param_scheduler=Place('PARAM_SCHEDULERS', supplied=('optimizer',),
                          extra=('convert_to_iter_based', 'epoch_length')),
    train_cfg=replace(LOOP, needs=dict(by_epoch="'by_epoch' (or a 'type')")),
    val_cfg=replace(LOOP, default='ValLoop'),
    test_cfg=replace(LOOP, default='TestLoop'),
    val_evaluator=METRIC, test_evaluator=METRIC,
    custom_hooks=HOOK,
    visualizer=Place('VISUALIZERS', 'Visualizer'),
    log_processor=Place('LOG_PROCESSORS', 'LogProcessor'),
    strategy=Place('STRATEGIES', known=False),
    runner_type=Place('RUNNERS', holds_name=True),
    env_cfg=Place(
        keys=('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
        inside=dict(mp_cfg=Place(keys=('mp_start_method', 'opencv_num_threads'))),
    ),
    randomness=Place(keys=_parameters(set_random_seed)),
    auto_scale_lr=Place(keys=('enable', 'base_batch_size')),
)  # fmt: skip
# Dotted places whose keys are checked.
CHECKED = ('', *ROOT, 'env_cfg.mp_cfg')
# By the key under which a dict stands, wherever that is.
NESTED = dict(
    dataset=DATASET,
    datasets=DATASET,
    pipeline=TRANSFORM,
    transforms=TRANSFORM,
    metrics=METRIC,
    tokenizer=Place('TOKENIZERS', known=False),
    # Its channels follow from the encoders of the model that it stands in.
    projection=Place('MODELS', supplied=('in_channels', 'out_channels'), known=False),
    init_cfg=Place('WEIGHT_INITIALIZERS', extra=('override', 'name'), needs=TYPE),
    optimizer=Place('OPTIMIZERS', supplied=('params',), needs=TYPE),
    vis_backends=Place('VISBACKENDS', supplied=('save_dir',), extra=('name',)),
)
# Keys that mmcv's and mmpretrain's builders take out before they build.
OWN_KEYS = dict(
    norm_cfg=('requires_grad',), policies=('magnitude_key', 'magnitude_range')
)


def refine(place: Place, value: Mapping) -> Place:
    """``place`` with what the content of the dict there says about it."""
    if place.kind == 'LOOPS' and 'by_epoch' in value and 'type' not in value:
        loop = 'EpochBasedTrainLoop' if value['by_epoch'] else 'IterBasedTrainLoop'
        return replace(place, default=loop, extra=('by_epoch',))
    if place.kind == 'METRICS' and 'metrics' in value:
        return Place('EVALUATOR', 'Evaluator')
    if place.kind == 'OPTIM_WRAPPERS' and 'optimizer' not in value:
        return replace(place, default=None)  # several optimizers, by name
    if place is CLIP_GRAD:
        by_value = value.get('type') == 'value'
        function = clip_grad_value_ if by_value else clip_grad_norm_
        return Place(keys=('type', *_parameters(function)[1:]))
    return place


def below(place: Place, key: str, value: Mapping) -> Place:
    """The place of ``value[key]``, where ``value`` is a dict at ``place``."""
    if key == 'paramwise_cfg' and 'constructor' in value:
        return Place()  # that constructor's own keys
    found = place.inside.get(key) or (NESTED.get(key) if place.kind else None)
    extra, inside = OWN_KEYS.get(key, ()), place.inside
    return found or Place(place.kind, extra=extra, known=False, inside=inside)
