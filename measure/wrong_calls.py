"""Call every public name with wrong values and write what it answers."""

import re
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import nn
from nn.estimators import NeuralNetClassifier, NeuralNetRegressor

PAGE = Path(__file__).resolve().parents[1] / "book" / "wrong_calls.md"
OPTIONS = ()
HEAD = """# Wrong calls, and what they say

Each argument of the public names receives objects of the wrong kind and
wrong values of the right kind. All {n} calls end in an error that names the
argument and says what it must be. None of them continues with a wrong
number, and none ends in an error of Python or NumPy about something else.

The command `python -m measure wrong_calls` writes this page, and a test
fails when an answer changes. In the calls, `X` has six rows of three
numbers, `y` their classes and `t` their targets; `net` is a classifier,
`line` predicts one number, and `kept` gives a layer its forward pass.
"""

WRONG = {
    "count": "0 -1 2.0 1.5 '3' None True [2] np.nan Dense",
    "few": "@count 7",
    "number": "'a' None True np.nan np.inf -1 1j [0.1] Dense",
    "positive": "@number 0",
    "fraction": "@number 1 1.5",
    "length": "'a' True np.nan np.inf -1 1j [0.1] Dense 0",
    "rates": "None 'a' Dense np.nan [0.1,0] [-1] [np.inf] 1j ['a']",
    "seed": "-1 1.5 'a' True X",
    "type": "None int 'float33' bool complex np.int8 3",
    "init": "None 'he' he_normal(3,2,0) Dense",
    "regularizer": "0.01 'l2' L2 abs",
    "array": "None 'text' Dense iter(X) X.astype(str) hole(X)"
    " X+1j X.astype('M8[s]') np.ma.masked_less(X,0) sparse(X) [[1,2],[3]]",
    "batch": "@array 3.0 X[0] X[:,:2] X[None]",
    "float32": "@batch X*1e39",
    "several": "@float32 X[:1] X[:0]",
    "samples": "@float32 X[:0] X*np.nan X*np.inf",
    "table": "@array 3.0 X[0] X[None] X[:0] X*np.nan X*np.inf",
    "scores": "@array 3.0 X[:,:0]",
    "slopes": "@array X[0] X[:3] X[:,:1]",
    "classes": "None 'text' Dense X t y[:3] y-1 y+3 -y-1 y+0.5 y==0 y*1j"
    " y.astype(str) ['shirt']*6 [None]*6 np.eye(3)[y] sparse(X)",
    "targets": "None 'text' Dense y t[:3] t[:,0] t*1j t.astype(str) X"
    " [None]*6 [[1],[2,3]] sparse(X)",
    "finite": "@targets t*np.nan t*np.inf",
    "model": "None 'net' Sequential SoftmaxCrossEntropy() abs",
    "loss": "None 'mse' MeanSquaredError accuracy 3",
    "optimizer": "None 'adam' Adam 0.01",
    "metrics": "accuracy [accuracy] 'accuracy' {'loss':accuracy}"
    " {'val_a':accuracy} {1:accuracy} {'a':'accuracy'} {'a':None}"
    " {'a':lambda*_:None} {'a':lambda*_:'1'} {'a':lambda*_:X}",
    "counts": "3.0 'text' Dense y[:3] t -w6 y*0 w6*np.nan w6*np.inf"
    " w6*1j [None]*6 ['1']*6 sparse(X)",
    "validation": "0.1 X (X,) (X,t,t) (X,t,-w6) (X,t,w6,w6)"
    " (X,None) (X,t[:3]) (X*np.nan,t) (X,t*np.inf)"
    " (X[:0],t[:0]) (X[:,:2],t) 'a'",
    "on_epoch": "3 'print' [print]",
    "history": "3 'loss' [1] {'loss':[],'a':[]} {'a':[]}",
    "shards": "None 3 'ab' X (X,t) [] [(X,t)] [None] ['a'] [Dense]",
    "executor": "None 'dask' 2 abs Dense",
    "layer": "None 'ReLU' ReLU [ReLU()] 3 L2(0)",
    "columns": "None 'a' X [] np.nan np.inf 1j [[1]]",
    "spread": "@columns -1 [1,-1] [1,2] 1e-50",
    "arrays": "None 3 'W' [X] X",
    "gradient": "@arrays {} {'w':None} {'w':[1.0]*3} {'w':X} {'w':X[:1]}",
    "weights": "@array",
    "after": "@number 21",
    "doubles": "None 'text' Dense X[:3] X[:0] X+1j X.astype(str)",
    "path": "None 3 '' False [] b'a' Dense",
    "named": "None 3 'W' [] X",
    "into": "@named {'a':None} {'a':[1.0]}",
    "bytes": "None 3 'text' [1] X",
    "function": "None 3 'f' [] Dense",
    "tensor": "@array X[None] X[:0]",
    "axis": "2 -3 1.5 'a' (0,2) (0,'a') [0] np.nan Dense X",
    "double": "None 3 [1.0] X.astype(np.float32) y X[:0] X*np.nan",
    "name": "None 3 'shoes' [] b'fashion-mnist' Dense",
    "widths": "None 'a' 0 1.5 True (8,0) (8,2.5) [[8],[8,8]] Dense",
    "truth": "None 0 1 'yes' []",
    "open": "@number 0 1 1.5",
    "state": "@named {'0.W':X} {'0.W':np.eye(3),'0.b':y}"
    " {'0.W':np.eye(3)*np.nan,'0.b':np.zeros(3)}",
    "part": "True 'a' 1 -0.1 np.nan [0.1]",
    "folder": "3 b'/tmp' '' []",
}
CALLS = """
Dense({},2)                       n_in         count        3
Dense(3,{})                       n_out        count        2
Dense(3,2,init={})                init         init         normal
Dense(3,2,regularizer={})         regularizer  regularizer  L2(0.1)
Dense(3,2,rng={})                 rng          seed         3
Dense(3,2,dtype={})               dtype        type         np.float64
Dense(3,2).forward({})            X            float32      X
kept(Dense(3,2)).backward({})     grad         slopes       X[:,:2]
he_normal({},2,0)                 n_in         count        3
he_normal(3,{},0)                 n_out        count        3
he_normal(3,2,{})                 rng          seed         3
glorot_uniform({},2,0)            n_in         count        3
glorot_uniform(3,{},0)            n_out        count        3
glorot_uniform(3,2,{})            rng          seed         3
normal({},2,0)                    n_in         count        3
normal(3,{},0)                    n_out        count        3
normal(3,2,{})                    rng          seed         3
Normalization({},[1,1,1])         mean         columns      0
Normalization([0,0,0],{})         std          spread       1
Normalization(0,1,dtype={})       dtype        type         np.float64
Normalization.of({})              X            table        X
Normalization.of(X).forward({})   X            batch        X
Normalization.of(X).backward({})  grad         array        X
Dropout({})                       rate         fraction     0
Dropout(0.5,rng={})               rng          seed         3
Dropout(0.5).forward({})          X            array        X
kept(Dropout(0.5)).backward({})   grad         slopes       X
BatchNormalization({})                     n_in      count     3
BatchNormalization(3,momentum={})          momentum  fraction  0.5
BatchNormalization(3,eps={})               eps       positive  1e-3
BatchNormalization(3,dtype={})             dtype     type      np.float64
BatchNormalization(3).forward({},True)     X         several   X
kept(BatchNormalization(3)).backward({})   grad      slopes    X
ReLU().forward({})                Z            array        X
kept(ReLU()).backward({})         grad         slopes       X
Identity().forward({})            Z            array        X
Identity().backward({})           grad         array        X
softmax({})                       Z            scores       X
Softmax().forward({})             Z            scores       X
kept(Softmax()).backward({})      grad         slopes       X
Sequential({})                    layers       layer        ReLU()
L1({})                            lam          number       0
L2({})                            lam          number       0
L1(1)({})                         W            weights      X
L2(1)({})                         W            weights      X
L1(1).gradient({})                W            weights      X
L2(1).gradient({})                W            weights      X
SoftmaxCrossEntropy().forward({},y)      Z     @classifier  X
SoftmaxCrossEntropy().forward(X,{})      y     classes      y
CategoricalCrossEntropy().forward({},y)  P     @proba       softmax(X)
CategoricalCrossEntropy().forward(softmax(X),{})  y  classes  y
MeanSquaredError().forward({},t)  Z            targets      t
MeanSquaredError().forward(t,{})  y            targets      t
SoftmaxCrossEntropy().forward(X,y,weights={})  weights  counts  w6
CategoricalCrossEntropy().forward(P,y,weights={})  weights  counts  w6
MeanSquaredError().forward(t,t,weights={})  weights  counts  w6
accuracy({},X)                    y            classes      y
accuracy(y,{})                    Z            @metric      X
mean_absolute_error({},t)         y            finite       t
mean_absolute_error(t,{})         Z            finite       t
r2_score({},t)                    y            finite       t
r2_score(t,{})                    Z            finite       t
SGD({})                           lr           positive     1
SGD(1,lr_decay={})                lr_decay     number       0
SGD(1,clip={})                    clip         length       1
Momentum({})                      lr           positive     1
Momentum(1,momentum={})           momentum     fraction     0
RMSProp({})                       lr           positive     1
RMSProp(1,rho={})                 rho          fraction     0
RMSProp(1,eps={})                 eps          positive     1
Adam({})                          lr           positive     1
Adam(1,beta1={})                  beta1        fraction     0
Adam(1,beta2={})                  beta2        fraction     0
Adam(1,eps={})                    eps          positive     1
Adam(1,lr_decay={})               lr_decay     number       0
AdamW(1,weight_decay={})          weight_decay  number      0
SGD(lambda_t:{}).rate()           lr           number       0
SGD(1).step({},w())               parameters   arrays       w()
SGD(1).step(w(),{})               gradient     gradient     w()
Adam(1).step(w(),{})              gradient     gradient     w()
cosine({},1,20)                   lr           number       1
cosine(1,{},20)                   t            after        3
cosine(1,1,{})                    steps        count        3
batches({},t,2)                   X            array        X
batches(X,{},2)                   y            @pairs       t
batches(X,t,{})                   batch_size   count        2
batches(X,t,2,rng={})             rng          seed         2
batches(X,t,2,weights={})         weights      counts  w6
fit_line(model={})                model        model        line
fit_line(X={})                    X            samples      X
fit_line(y={})                    y            finite       t
fit_line(loss={})                 loss         loss         mse
fit_line(optimizer={})            optimizer    optimizer    SGD(0.1)
fit_line(epochs={})               epochs       count        1
fit_line(batch_size={})           batch_size   count        2
fit_line(validation={})           validation   validation   (X,t)
fit_line(weights={})              weights      counts  w6
fit_line(metrics={})              metric       metrics      {'a':r2_score}
fit_line(rng={})                  rng          seed         2
fit_line(on_epoch={})             on_epoch     on_epoch     None
fit_line(history={})              history      history      None
fit_net(y={})                     y            classes      y
fit_shards(model={})              model        model        line
fit_shards(shards={})             shards       shards       [load]
fit_shards(executor={})           executor     executor     here
fit_shards(loss={})               loss         loss         mse
fit_shards(optimizer={})          optimizer    optimizer    SGD(0.1)
fit_shards(epochs={})             epochs       count        1
fit_shards(batch_size={})         batch_size   count        2
fit_shards(validation={})         validation   validation   (X,t)
fit_shards(metrics={})            metric       metrics      {'a':r2_score}
fit_shards(rng={})                rng          seed         2
fit_shards(on_epoch={})           on_epoch     on_epoch     None
fit_shards(history={})            history      history      None
npy_shards({},'t.npy',2)          X            path         'X.npy'
npy_shards('X.npy',{},2)          y            path         't.npy'
npy_shards('X.npy','t.npy',{})    count        few          2
processes({})                     count        count        2
train_step(net,{},y,**parts)      X            float32      X
train_step(net,X,{},**parts)      y            classes      y
train_step(net,X,y,{},**parts)    weights      counts  w6
range_test({},X,y,[0.1],**parts)  model        model        net
range_test(net,{},y,[0.1],rng=0,**parts)  X          samples      X
range_test(net,X,{},[0.1],**parts)  y          classes      y
range_test(net,X,y,{},**parts)    rates        rates        [0.1]
predict({},X)                     model        model        net
predict(net,{})                   X            samples      X
predict(net,X,batch_size={})      batch_size   count        2
evaluate({},X,t,loss=mse)         model        model        line
evaluate(line,{},t,loss=mse)      X            samples      X
evaluate(line,X,{},loss=mse)      y            finite       t
evaluate(line,X,t,loss={})        loss         loss         mse
evaluate(line,X,t,loss=mse,metrics={})  metric  metrics     {'a':r2_score}
evaluate(line,X,t,{},loss=mse)    weights      counts  w6
Instruments(model={})             model        model        net
Instruments(X={})                 X            samples      X
Instruments(y={})                 y            classes      y
Instruments(loss={})              loss         loss         loss
Instruments(optimizer={})         optimizer    optimizer    SGD(0.1)
numerical_gradient({},X)          f            function     total
numerical_gradient(total,{})      x            double       X
numerical_gradient(total,X,h={})  h            positive     1e-5
relative_error({},X)              a            doubles      X
relative_error(X,{})              b            doubles      X
check_gradients({},{'x':X},{'x':X})     f          function  total
check_gradients(total,{},{'x':X})       arrays     named     {'x':X}
check_gradients(total,{'x':X},{})       gradients  named     {'x':X}
Tensor({})                        value        tensor       X
Tensor(X).sum({})                 axis         axis         1
Tensor(X).mean({})                axis         axis         1
save_arrays({},{'a':X})           path         path         'a.safetensors'
save_arrays('a.safetensors',{})   arrays       named        {'a':X}
load_arrays({},{'a':X})           path         path         'a.safetensors'
load_arrays('a.safetensors',{})   into         into         {'a':X}
net.load_state({})                state        state        net.state()
Regressor(hidden_layer_sizes={})  hidden_layer_sizes  widths  (4,)
Regressor(l2={})                  l2           number       0
Regressor(dropout={})             dropout      fraction     0
Regressor(learning_rate_init={})  learning_rate_init  positive  1
Regressor(batch_size={})          batch_size   count        2
Regressor(max_iter={})            max_iter     count        2
Regressor(early_stopping={})      early_stopping  truth     True
Regressor(validation_fraction={})  validation_fraction  open  0.5
Regressor(n_iter_no_change={})    n_iter_no_change  count   2
Regressor(tol={})                 tol          number       0
Regressor(warm_start={})          warm_start   truth        True
Classifier(sample_weight={})      sample_weight  counts  w6
export.to_onnx({},'a.onnx')       model        model        net
export.to_onnx(net,{})            path         path         'a.onnx'
export.to_onnx(net,'a',dtype={})  dtype        @input       np.uint8
tasks.load({})                    task         name    'california-housing'
datasets.california_housing(validation={})  validation  part  0.1
datasets.fashion_mnist({})        folder       folder       None
"""
MORE = {
    "@classifier": "@array 3.0 X[0] X[None] X[:0] X[:,:0] X[:3]",
    "@proba": "@array 3.0 X[0] X[:0] X -softmax(X) 2*softmax(X) X[:3]",
    "@metric": "@array 3.0 X[0] X[None] X[:0] X*np.nan X[:3]",
    "@input": "None 'float33' bool complex str 3",
    "@pairs": "'text' Dense t[:3] t*1j t.astype(str) 3.0",
}


class sparse:
    """What a sparse matrix of SciPy looks like from outside."""

    def __init__(self, array):
        self.array = array

    def toarray(self):
        """Return the dense array."""
        return self.array


class Here:
    """An executor without workers."""

    map = staticmethod(map)


def names():
    """What the calls may use: the package, data, networks."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, 3))
    y, t = np.array([0, 1, 2, 0, 1, 2]), X @ np.ones((3, 1))
    net = nn.Sequential(nn.Dense(3, 3, rng=0))
    line = nn.Sequential(nn.Dense(3, 1, rng=0))
    mse, loss = nn.MeanSquaredError(), nn.SoftmaxCrossEntropy()

    def hole(X):
        return np.where(X < 0, None, X)

    def total():
        return float(X.sum())

    def kept(layer):
        layer.forward(X, training=True)
        return layer

    def fit_line(model=line, X=X, y=t, **more):
        parts = {"loss": mse, "optimizer": nn.SGD(0.01), "epochs": 1}
        parts["rng"] = 0
        return nn.fit(model, X, y, **parts | more)

    def fit_net(y):
        return nn.fit(net, X, y, loss=loss, optimizer=nn.SGD(1), epochs=1)

    def Instruments(model=net, X=X, y=y, **more):
        parts = {"loss": loss, "optimizer": nn.SGD(0.01)}
        return nn.Instruments(model, X, y, **parts | more)

    def Regressor(max_iter=1, **settings):
        model = NeuralNetRegressor(max_iter=max_iter, **settings)
        return model.fit(X, t[:, 0])

    def Classifier(sample_weight):
        return NeuralNetClassifier(max_iter=1).fit(X, y, sample_weight)

    def load():
        return X, t

    def fit_shards(model=line, shards=(load,), **more):
        parts = {"loss": mse, "optimizer": nn.SGD(0.01), "epochs": 1}
        parts["executor"] = Here()
        return nn.fit_shards(model, shards, **parts | more)

    nn.save_arrays("a.safetensors", {"a": X})
    np.save("X.npy", X)
    np.save("t.npy", t)
    own = {
        "np": np,
        "w6": np.arange(1.0, 7),
        "P": nn.softmax(X),
        "datasets": nn.datasets,
        "export": nn.export,
        "tasks": nn.tasks,
        "sparse": sparse,
        "here": Here(),
        "parts": {"loss": loss, "optimizer": nn.SGD(0.01)},
        "w": lambda: {"w": np.ones(3)},
        "batches": lambda *a, **k: list(nn.batches(*a, **k)),
    }
    local = locals()
    own |= {k: local[k] for k in ("X", "y", "t", "net", "line", "mse")}
    own |= {
        k: local[k]
        for k in ("hole", "total", "kept", "fit_line", "fit_net", "load")
    }
    own |= {"Regressor": Regressor, "Classifier": Classifier}
    own |= {
        "fit_shards": fit_shards,
        "Instruments": Instruments,
        "loss": loss,
    }
    return {name: getattr(nn, name) for name in nn.__all__} | own


def values(kind):
    """The wrong values of a kind, as code."""
    texts = (WRONG | MORE)[kind].split()
    if texts[0][0] == "@":
        return [*values(texts[0][1:]), *texts[1:]]
    return texts


def answer(code):
    """Return the error that the code raises, or None."""
    code = code.replace("lambda_t", "lambda t").replace(
        "lambda*", "lambda *"
    )
    with TemporaryDirectory() as folder, chdir(folder):
        try:
            eval(code, names())
        except Exception as error:
            return error
    return None


def calls():
    """Yield the argument, a right call, and the wrong calls."""
    for line in CALLS.strip().splitlines():
        template, argument, kind, right = re.split(r" {2,}", line.strip())
        wrong = [template.replace("{}", value) for value in values(kind)]
        yield argument, template.replace("{}", right), wrong


def titled(call):
    """A call as a user writes it: the names are short in the list."""
    for short, name in (
        ("fit_line", "fit"),
        ("fit_net", "fit"),
        ("Regressor(", "NeuralNetRegressor("),
        ("Classifier(sample", "NeuralNetClassifier().fit(X,y,sample"),
    ):
        call = call.replace(short, name)
    return call


def page():
    """The text of the page."""
    lines, n = [], 0
    for argument, right, wrong in calls():
        title = titled(right)
        lines += ["", f"## `{title}`, {argument}", ""]
        lines += ["| call | answer |", "|---|---|"]
        for code in wrong:
            n += 1
            error = answer(code)
            said = re.sub(r"0x[0-9a-f]+", "0x…", f"{error}")
            code, said = (t.replace("|", "\\|") for t in (code, said))
            said = said.replace("<", "&lt;")  # no element of the page
            lines.append(f"| `{code}` | {type(error).__name__}: {said} |")
    return HEAD.format(n=n) + "\n".join(lines) + "\n"


def run(options):
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
