# BenchX's fine-tuning on NIH ChestX-ray14. The lists are MRM's, which BenchX took over.
_base_ = ['../datasets/chestx-ray14.py', './benchx.py']
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
