; tellverify/smt-1
; obligation: Leakage/law[commutative]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p8")
(set-logic QF_LIA)
; x0: a.external.first
(declare-const x0 Int)
; x1: a.external.second
(declare-const x1 Int)
; x2: a.neighbor.first
(declare-const x2 Int)
; x3: a.neighbor.second
(declare-const x3 Int)
; x4: b.external.first
(declare-const x4 Int)
; x5: b.external.second
(declare-const x5 Int)
; x6: b.neighbor.first
(declare-const x6 Int)
; x7: b.neighbor.second
(declare-const x7 Int)
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
; p6: condition 6
(assert (! (not (< x6 0)) :named p6))
; p7: condition 7
(assert (! (not (< x7 0)) :named p7))
; p8: the law is broken
(assert (! (not (and (and (= (ite (< x0 x4) x4 x0) (ite (< x4 x0) x0 x4)) (= (ite (< x1 x5) x5 x1) (ite (< x5 x1) x1 x5))) (and (= (ite (< x2 x6) x6 x2) (ite (< x6 x2) x2 x6)) (= (ite (< x3 x7) x7 x3) (ite (< x7 x3) x3 x7))))) :named p8))
(check-sat)
