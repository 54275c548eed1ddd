# What every run shares. Ours go into default_hooks, so that custom_hooks is free
# for the configs that inherit this.
default_scope = 'mmcxr'

default_hooks = dict(
    # Losses are fetched from the device when the logger is due, not each iteration.
    runtime_info=dict(type='DeferredRuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Dropout and drop path follow from (seed, iteration, rank): resuming is exact.
    iter_seed=dict(type='IterSeedHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # The best is kept besides the last ones: save_best='<metric>', rule='greater'.
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2),
    # Ranks agree on batch statistics before each evaluation and checkpoint.
    sync_buffers=dict(type='SyncBuffersHook'),
    strict_loading=dict(type='StrictLoadingHook'),
    # Moving averages and queues of a method follow each step of the optimizer.
    method=dict(type='MethodHook'),
    progress_bar=dict(type='ProgressBarHook'),
    # Writes results.json and scores.csv.gz of a test.
    results=dict(type='ResultsHook'),
)

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
randomness = dict(seed=0, diff_rank_seed=False, deterministic=False)

# Trackers (pip install mmcxr[tracking]); a config that wants one adds it in a line:
#   visualizer = dict(vis_backends=[
#       dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
# likewise dict(type='WandbVisBackend', init_kwargs=dict(project='mmcxr')) and
# dict(type='MLflowVisBackend', exp_name='mmcxr', tracking_uri='sqlite:///mlflow.db').
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])

log_level = 'INFO'
load_from = None
resume = False
