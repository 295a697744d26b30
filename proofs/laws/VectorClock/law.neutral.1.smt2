; tellverify/smt-1
; obligation: VectorClock/law[neutral]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p3")
(set-logic QF_LIA)
; x0: a.0
(declare-const x0 Int)
; x1: a.1
(declare-const x1 Int)
; x2: a.2
(declare-const x2 Int)
; x3: a.0?
(declare-const x3 Bool)
; x4: a.1?
(declare-const x4 Bool)
; x5: a.2?
(declare-const x5 Bool)
; p0: condition 0
(assert (! (not (< x0 0)) :named p0))
; p1: condition 1
(assert (! (not (< x1 0)) :named p1))
; p2: condition 2
(assert (! (not (< x2 0)) :named p2))
; p3: the law is broken
(assert (! (not (and (= (or false x3) x3) (or (not (or false x3)) (= (ite false (ite x3 (ite (< 0 x0) x0 0) 0) x0) x0)) (= (or false x4) x4) (or (not (or false x4)) (= (ite false (ite x4 (ite (< 0 x1) x1 0) 0) x1) x1)) (= (or false x5) x5) (or (not (or false x5)) (= (ite false (ite x5 (ite (< 0 x2) x2 0) 0) x2) x2)))) :named p3))
(check-sat)
