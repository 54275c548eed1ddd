# REFERS fine-tuned on NIH ChestX-ray14, 14 findings, all training films, as its authors
# do.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_refers_vit-b16_own.py \
#       --encoder refers_vit-b16=refers_checkpoint.pth
# At 10 and 1 % (train_dataloader.dataset.fraction) the authors' other numbers are not
# known. Published AUROC at 100 / 10 / 1 %: 84.4 / 80.9 / 76.7, computed from the
# authors' prediction files, on these lists; a single run each.
# REFERS' fine-tuning on NIH ChestX-ray14 (https://github.com/funnyzhou/REFERS), whose
# code and lists MRM took over: the same films, crops and schedule with other numbers,
# which are those of its scripts; 78,468 films, 614 batches a pass. It stops when eleven
# validations in a row were below the best. Differs as MRM's recipe. Other sets, rate
# 3e-2, updates and warm-up: COVID-19 500 and 50, Shenzhen 100 and 5, VinBigData 100 and
# 10.
_base_ = './finetune.py'
encoder = 'refers_vit-b16'
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=1e-2))
param_scheduler = dict(warmup=1000)
train_cfg = dict(max_iters=60000, val_interval=614)
custom_hooks = [
    dict(
        type='EarlyStopHook', monitor='classification/auroc', rule='greater',
        min_delta=0.0, patience=11, strict=True),
]
auto_scale_lr = dict(base_batch_size=128)
fractions = []  # MRM's are not REFERS'
