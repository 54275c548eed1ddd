"""Child registries of mmengine's, scope ``mmcxr``: one for each node the runner
touches, because a missing one logs a failed search at every lookup.
"""

from mmengine import registry as root
from mmengine.registry import Registry


def _child(name: str, parent: Registry, room: str) -> Registry:
    return Registry(name, parent=parent, scope='mmcxr', locations=[f'mmcxr.{room}'])


MODELS = _child('model', root.MODELS, 'models')
MODEL_WRAPPERS = _child('model_wrapper', root.MODEL_WRAPPERS, 'models')
WEIGHT_INITIALIZERS = _child('weight initializer', root.WEIGHT_INITIALIZERS, 'engine')
TASK_UTILS = _child('task util', root.TASK_UTILS, 'models')

DATASETS = _child('dataset', root.DATASETS, 'datasets')
DATA_SAMPLERS = _child('data sampler', root.DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child('transform', root.TRANSFORMS, 'datasets')
FUNCTIONS = _child('function', root.FUNCTIONS, 'datasets')
TOKENIZERS = Registry('tokenizer', scope='mmcxr', locations=['mmcxr.datasets'])

METRICS = _child('metric', root.METRICS, 'evaluation')
EVALUATOR = _child('evaluator', root.EVALUATOR, 'evaluation')

RUNNERS = _child('runner', root.RUNNERS, 'engine')
RUNNER_CONSTRUCTORS = _child('runner constructor', root.RUNNER_CONSTRUCTORS, 'engine')
LOOPS = _child('loop', root.LOOPS, 'engine')
HOOKS = _child('hook', root.HOOKS, 'engine')
STRATEGIES = _child('strategy', root.STRATEGIES, 'engine')
LOG_PROCESSORS = _child('log processor', root.LOG_PROCESSORS, 'engine')
OPTIMIZERS = _child('optimizer', root.OPTIMIZERS, 'engine')
OPTIM_WRAPPERS = _child('optimizer wrapper', root.OPTIM_WRAPPERS, 'engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    'optimizer wrapper constructor', root.OPTIM_WRAPPER_CONSTRUCTORS, 'engine'
)
PARAM_SCHEDULERS = _child('parameter scheduler', root.PARAM_SCHEDULERS, 'engine')

VISUALIZERS = _child('visualizer', root.VISUALIZERS, 'visualization')
VISBACKENDS = _child('visualizer backend', root.VISBACKENDS, 'visualization')
INFERENCERS = _child('inferencer', root.INFERENCERS, 'apis')
