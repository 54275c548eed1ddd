# CheXpert 5x200 with each prompt once: the released sets, but 36 distinct effusion
# prompts instead of 54 of which 18 count double.
_base_ = './chexpert-5x200_released.py'

prompts = {
    'Pleural Effusion': [
        f'{severity} {location} {subtype} pleural effusion'.strip()
        for severity in ('', 'small', 'stable', 'large', 'decreased', 'increased')
        for location in ('left', 'right', 'tiny')
        for subtype in ('bilateral', 'subpulmonic')
    ],
}
