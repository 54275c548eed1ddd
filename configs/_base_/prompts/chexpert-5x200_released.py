# CheXpert 5x200, all prompts of CXR-CLIP's released code: every combination of
# severity, subtype and location, 210 / 15 / 192 / 18 / 54. The word lists are
# GLoRIA's and MedCLIP's (github.com/RyanWangZf/MedCLIP, medclip/constants.py) with
# two of their three misspellings mended by CXR-CLIP ("appearance", "persistent";
# "uppper" stays). Effusion lists one subtype twice, which gives it double weight.  # codespell:ignore
prompts = {
    'Atelectasis': [
        f'{severity} {subtype} atelectasis {location}'.strip()
        for severity in ('', 'mild', 'minimal')
        for subtype in (
            'subsegmental', 'linear', 'trace', 'bibasilar', 'retrocardiac',
            'bandlike', 'residual')
        for location in (
            'at the mid lung zone', 'at the upper lung zone',
            'at the right lung zone', 'at the left lung zone',
            'at the lung bases', 'at the right lung base',
            'at the left lung base', 'at the bilateral lung bases',
            'at the left lower lobe', 'at the right lower lobe')
    ],
    'Cardiomegaly': [
        'cardiac silhouette size is upper limits of normal',
        'cardiomegaly which is unchanged',
        'mildly prominent cardiac silhouette',
        'portable view of the chest demonstrates stable cardiomegaly',
        'portable view of the chest demonstrates mild cardiomegaly',
        'persistent severe cardiomegaly',
        'heart size is borderline enlarged',
        'cardiomegaly unchanged',
        'heart size is at the upper limits of normal',
        'redemonstration of cardiomegaly',
        'ap erect chest radiograph demonstrates the heart size is the upper '
        'limits of normal',
        'cardiac silhouette size is mildly enlarged',
        'mildly enlarged cardiac silhouette, likely left ventricular '
        'enlargement. other chambers are less prominent',
        'heart size remains at mildly enlarged',
        'persistent cardiomegaly with prominent upper lobe vessels',
    ],
    'Consolidation': [
        f'{severity} {subtype} consolidation {location}'.strip()
        for severity in ('', 'increased', 'improved', 'appearance of')
        for subtype in (
            'bilateral', 'reticular', 'retrocardiac', 'patchy', 'airspace',
            'partial')
        for location in (
            'at the lower lung zone', 'at the upper lung zone',
            'at the left lower lobe', 'at the right lower lobe',
            'at the left upper lobe', 'at the right uppper lobe',  # codespell:ignore
            'at the right lung base', 'at the left lung base')
    ],
    'Edema': [
        f'{severity} {subtype}'.strip()
        for severity in (
            '', 'mild', 'improvement in', 'persistent', 'moderate', 'decreased')
        for subtype in (
            'pulmonary edema', 'trace interstitial edema',
            'pulmonary interstitial edema')
    ],
    'Pleural Effusion': [
        f'{severity} {location} {subtype} pleural effusion'.strip()
        for severity in ('', 'small', 'stable', 'large', 'decreased', 'increased')
        for location in ('left', 'right', 'tiny')
        for subtype in ('bilateral', 'subpulmonic', 'bilateral')
    ],
}
