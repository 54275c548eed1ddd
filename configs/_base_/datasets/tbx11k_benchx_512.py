# TBX11K tuberculosis boxes in BenchX's lists: 5,879 / 1,260 / 1,260 films, drawn from
# the part of the data set whose labels are public.
_base_ = './benchx_boxes_512.py'
data_root = 'data/tbx11k'
tbx11k_dataset = dict(type='TBX11KSeg', data_root=data_root)
train_dataloader = dict(dataset=tbx11k_dataset)
val_dataloader = dict(dataset=tbx11k_dataset)
test_dataloader = dict(dataset=tbx11k_dataset)
