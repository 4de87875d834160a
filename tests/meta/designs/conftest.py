"""Published counts that the tests of this folder use, typed from their sources."""

import pandas as pd
import pytest

# CT and MRI for coronary stenosis, five studies of the same patients: Cochrane Handbook for
# Systematic Reviews of Diagnostic Test Accuracy, version 2, appendix 12 (tp, fp, fn, tn).
CT_MRI = {
    "Dewey 2006": {"CT": (62, 5, 4, 46), "MRI": (42, 2, 7, 39)},
    "Kefer 2005": {"CT": (32, 6, 2, 12), "MRI": (30, 9, 4, 9)},
    "Langer 2009": {"CT": (25, 2, 1, 40), "MRI": (18, 15, 8, 27)},
    "Maintz 2007": {"CT": (15, 2, 1, 2), "MRI": (15, 1, 1, 3)},
    "Pouleur 2008": {"CT": (16, 7, 1, 53), "MRI": (17, 17, 0, 43)},
}
# HC2 and RepC in women with ASCUS, ten studies of the same women: Arbyn et al., the worked
# example of Stata's metadta (tp, fp, fn, tn).
ASCUS = {
    "Andersson 2005": {"HC2": (6, 17, 4, 25), "RepC": (6, 14, 4, 28)},
    "Bergeron 2000": {"HC2": (10, 38, 2, 61), "RepC": (8, 28, 4, 71)},
    "Del Mistro 2010": {"HC2": (27, 154, 2, 566), "RepC": (20, 191, 7, 483)},
    "Kulasingam 2002": {"HC2": (23, 115, 3, 129), "RepC": (20, 74, 6, 170)},
    "Lytwyn 2000": {"HC2": (4, 19, 1, 33), "RepC": (4, 20, 2, 26)},
    "Manos 1999": {"HC2": (58, 326, 7, 582), "RepC": (48, 324, 15, 570)},
    "Monsonego 2008": {"HC2": (22, 110, 2, 72), "RepC": (10, 18, 15, 168)},
    "Morin 2001": {"HC2": (17, 88, 2, 253), "RepC": (14, 126, 5, 214)},
    "Silverloo 2009": {"HC2": (34, 65, 2, 81), "RepC": (24, 43, 10, 105)},
    "Solomon 2001": {"HC2": (256, 1050, 1, 984), "RepC": (227, 1132, 40, 914)},
}

# Fractional exhaled nitric oxide (ppb) for asthma, 29 studies: Schneider et al. 2017, the data set
# of R's diagmeta. Each entry is threshold:tp/fp/fn/tn.
FENO = """
Arora 2006; 6:133/34/5/0 7:131/33/7/1 8:130/31/8/3 9:127/30/11/4 10:119/28/19/6 11:115/26/23/8
Arora 2006; 12:113/25/25/9 13:110/21/28/13 14:102/19/36/15 15:98/19/40/15 16:92/17/46/17
Arora 2006; 17:87/14/51/20 18:83/14/55/20 19:78/13/60/21 20:73/11/65/23 25:56/7/82/27
Arora 2006; 30:45/7/93/27 40:32/3/106/31 46:23/0/115/34
Cordeiro 2011; 27:33/6/9/66
El Halawini 2003; 12:7/29/0/13 18:6/19/1/23 22:5/17/2/25 47:2/6/5/36
Florentin 2014; 10.5:13/70/6/89
Fortuna 2007; 20:17/10/5/18
Fukuhara 2011; 40:33/2/9/17
Giovannini 2014; 30:3/0/18/21
Heffler 2006; 10:18/29/0/1 15:18/26/0/4 20:18/20/0/10 25:18/16/0/14 30:14/15/4/15 34:14/14/4/16
Heffler 2006; 36:14/12/4/18 40:11/11/7/19 45:11/8/7/22 50:10/7/8/23 55:9/6/9/24 60:9/4/9/26
Heffler 2006; 65:8/4/10/26 75:8/3/10/27 80:7/1/11/29 85:5/1/13/29 100:5/0/13/30
Katsoulis 2013; 10:39/39/9/25 15:35/33/13/31 20:31/26/17/38 25:24/16/24/48 30:24/12/24/52
Katsoulis 2013; 32:23/10/25/54
Kostikas 2008; 10:54/56/9/30 15:43/29/20/57 19:33/13/30/73 20:31/13/32/73 25:19/7/44/79
Kostikas 2008; 30:16/4/47/82
Kowal 2009; 10:178/362/0/0 20:172/222/6/140 30:162/107/16/255 40:156/59/22/303 50:127/34/51/328
Kowal 2009; 60:115/18/63/344 70:110/10/68/352 80:102/8/76/354 90:84/3/94/359 100:71/0/107/362
Linkosalo 2012; 10:16/8/2/4 20:13/2/5/10 30:9/1/9/11 40:7/1/11/11 50:2/1/16/11
Malinovschi 2012 current smoker; 10:25/42/7/38 15:18/22/14/58 17:18/14/14/66 20:14/10/18/70
Malinovschi 2012 current smoker; 25:8/6/24/74 30:6/5/26/75 35:5/3/27/77 50:3/2/29/78
Malinovschi 2012 ex-smoker; 10:18/36/1/7 15:15/23/4/20 20:13/11/6/32 22:12/6/7/37 25:8/4/11/39
Malinovschi 2012 ex-smoker; 30:8/2/11/41 35:7/1/12/42 50:3/1/16/42
Malinovschi 2012 never smoker; 10:41/46/4/17 15:35/23/10/40 20:23/11/22/52 25:18/7/27/56
Malinovschi 2012 never smoker; 30:16/6/29/57 35:12/4/33/59 50:9/3/36/60
Pedrosa 2010; 40:26/22/9/57
Pizzimenti 2009; 55:11/17/3/125
Sato 2008; 14:47/17/1/6 18.5:46/12/2/11 27.4:42/6/6/17 38.8:38/2/10/21 50.6:33/0/15/23
Schleich 2012; 34:29/4/53/88
Schneider 2009; 12:64/65/11/20 16:52/40/23/45 20:48/36/27/49 35:24/14/51/71 46:24/6/51/79
Schneider 2009; 76:10/0/65/85
Schneider 2013; 9:148/208/6/31 12:131/170/23/69 16:108/127/46/112 20:92/88/62/151 25:75/60/79/179
Schneider 2013; 35:51/29/103/210 41:42/19/112/220 42:40/19/114/220 43:39/19/116/220
Schneider 2013; 44:39/19/116/220 45:39/19/116/220 46:35/19/119/220 71:28/7/126/232
Sivan 2009; 15:62/13/7/31 19:59/5/10/39 25:52/5/17/39
Smith 2004; 15:15/11/2/19 20:15/6/2/24 25:12/5/5/25 30:12/4/5/26
Smith 2005; 15:22/13/5/12 47:15/2/12/23
Voutilainen 2013; 30:13/6/17/51
Wang 2015 bronchodilatation; 41:134/83/51/247
Wang 2015 bronchoprovocation; 64:65/16/60/327
Woo 2012; 5:157/67/10/11 10:134/43/33/35 15:120/26/47/52 20:101/15/66/63 21:95/10/72/68
Woo 2012; 22:90/10/77/68 23:86/7/81/71 24:84/7/83/71 25:83/6/84/72 30:71/4/96/74 35:54/1/113/77
Woo 2012; 40:41/1/126/77 41:39/0/128/78 45:29/0/138/78 50:24/0/143/78
Zhang 2011; 40:29/9/10/58
"""


def paired_frame(table):
    """Return one row per study and test."""
    rows = [
        (study, test, *counts) for study, arms in table.items() for test, counts in arms.items()
    ]
    return pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"])


@pytest.fixture(scope="session")
def ct_mri():
    return paired_frame(CT_MRI)


@pytest.fixture(scope="session")
def ascus():
    return paired_frame(ASCUS)


@pytest.fixture(scope="session")
def feno():
    rows = []
    for line in FENO.strip().splitlines():
        study, cells = line.split(";")
        for cell in cells.split():
            threshold, counts = cell.split(":")
            rows.append((study, float(threshold), *map(int, counts.split("/"))))
    return pd.DataFrame(rows, columns=["study", "threshold", "tp", "fp", "fn", "tn"])
