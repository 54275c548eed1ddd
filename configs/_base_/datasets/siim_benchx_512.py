# SIIM-ACR pneumothorax masks in BenchX's lists, which are clean: 9,303 / 1,372 / 1,372.
_base_ = './benchx_masks_512.py'
data_root = 'data/siim'
siim_dataset = dict(type='SIIMPneumothoraxSeg', data_root=data_root)
train_dataloader = dict(dataset=siim_dataset)
val_dataloader = dict(dataset=siim_dataset)
test_dataloader = dict(dataset=siim_dataset)
