use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// The contract in brief. Changing what any kernel computes means changing this text, and with it the id.
pub const CONTRACT: &str = "\
version 1
f32, round to nearest even, subnormals kept; fma is one rounding; f16 is IEEE binary16
int8x32: per 32: a=max|x|; a<2^-100: d=0,q=0; else d=a/127, q=rne(clamp(x*(127/a),-127,127)); b=sum q; s=d*b
int8x256: as int8x32 per 256, with b per 16
q4_0: y=fma(sum (w-8)q, dw*d, y); q8_0: y=fma(sum wq, dw*d, y)
q4_1: y=fma(sum wq, dw*d, y) then y=fma(mw, s, y)
q4_k: y=fma(sum sc*sum wq, dw*d, y) then y=fma(sum mn*b, -(mw*d), y)
q6_k: y=fma(sum sc*sum (w-32)q, dw*d, y)
f16, f32: y=fma(w, x, y); all: y from +0, blocks ascending; residual: x=x+y
embedding: q4_0 (w-8)*dw; q8_0 w*dw; q4_1 fma(w,dw,mw); q4_k fma(w,dw*sc,-(mw*mn)); q6_k (w-32)*(dw*sc)
lanes: 16, element i to lane i mod 16; tree: l+=l[+8], +4, +2, +1
exp: x<-87: 0; x=min(x,88); n=rne(x*log2e); r=fma(n,-355/512,x); r=fma(n,2.12194440e-4,r); taylor 7 by fma; times 2^n
rmsnorm: lanes fma(x,x,.), tree, y=(x*(1/sqrt(sum/n+eps)))*w; silu: (g/(1+exp(-g)))*u
rope: adjacent pairs, tables in f64 by series, a=fma(x,c,-(y*s)), b=fma(y,c,x*s)
attention: q*scale; score=fma over d; blocks of 64 positions from 0; online maximum; p=exp(score-max);
sums per lane fma(l,corr,block), tree; out=out*corr then fma(p,v,out) by position; out*(1/sum)
";

/// Names this contract in answers and records: `cn1-` and the first 16 hexadecimal digits of SHA-256 of
/// [`CONTRACT`].
pub fn contract_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let digest = Sha256::digest(CONTRACT.as_bytes());
        format!("cn1-{}", hex::encode(&digest[..8]))
    })
}
