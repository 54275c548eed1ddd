# MoCo-CXR's fine-tuning on CheXpert: two outputs, No Finding and Pleural Effusion, of
# which the second counts. Labels that are uncertain carry no loss, and what a report
# does not mention is absent.
_base_ = ['../datasets/chexpert.py', './moco-cxr.py']
chexpert_dataset = dict(
    _base_.chexpert_dataset,
    classes=('No Finding', 'Pleural Effusion'),
    uncertain='ignore')
train_dataloader = dict(dataset=chexpert_dataset)
val_dataloader = dict(dataset=chexpert_dataset)
test_dataloader = dict(dataset=chexpert_dataset)
val_evaluator = dict(classes=['Pleural Effusion'])
test_evaluator = dict(classes=['Pleural Effusion'])
