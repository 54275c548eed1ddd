from .compile_hook import CompileHook
from .freeze_hook import FreezeHook
from .iter_seed_hook import IterSeedHook
from .progress_bar_hook import ProgressBarHook
from .recompute_hook import RecomputeHook
from .results_hook import ResultsHook
from .runtime_info_hook import DeferredRuntimeInfoHook
from .strict_loading_hook import StrictLoadingHook
