; tellverify/smt-1
; obligation: VectorClock/law[commutative]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p6")
(set-logic QF_LIA)
; x0: a.0
(declare-const x0 Int)
; x1: a.1
(declare-const x1 Int)
; x2: a.2
(declare-const x2 Int)
; x3: b.0
(declare-const x3 Int)
; x4: b.1
(declare-const x4 Int)
; x5: b.2
(declare-const x5 Int)
; x6: a.0?
(declare-const x6 Bool)
; x7: b.0?
(declare-const x7 Bool)
; x8: a.1?
(declare-const x8 Bool)
; x9: b.1?
(declare-const x9 Bool)
; x10: a.2?
(declare-const x10 Bool)
; x11: b.2?
(declare-const x11 Bool)
; p0: condition 0
(assert (! (not (< x0 0)) :named p0))
; p1: condition 1
(assert (! (not (< x1 0)) :named p1))
; p2: condition 2
(assert (! (not (< x2 0)) :named p2))
; p3: condition 3
(assert (! (not (< x3 0)) :named p3))
; p4: condition 4
(assert (! (not (< x4 0)) :named p4))
; p5: condition 5
(assert (! (not (< x5 0)) :named p5))
; p6: the law is broken
(assert (! (not (and (= (or x6 x7) (or x7 x6)) (or (not (or x6 x7)) (= (ite x6 (ite x7 (ite (< x0 x3) x3 x0) x0) x3) (ite x7 (ite x6 (ite (< x3 x0) x0 x3) x3) x0))) (= (or x8 x9) (or x9 x8)) (or (not (or x8 x9)) (= (ite x8 (ite x9 (ite (< x1 x4) x4 x1) x1) x4) (ite x9 (ite x8 (ite (< x4 x1) x1 x4) x4) x1))) (= (or x10 x11) (or x11 x10)) (or (not (or x10 x11)) (= (ite x10 (ite x11 (ite (< x2 x5) x5 x2) x2) x5) (ite x11 (ite x10 (ite (< x5 x2) x2 x5) x5) x2))))) :named p6))
(check-sat)
