; tellverify/smt-1
; obligation: Journal/law[idempotent]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p0")
(set-logic QF_LIA)
; x0: a.0?
(declare-const x0 Bool)
; x1: a.0.0
(declare-const x1 Bool)
; x2: a.0.1
(declare-const x2 Bool)
; x3: a.0.2
(declare-const x3 Bool)
; x4: a.0.3
(declare-const x4 Bool)
; x5: a.1?
(declare-const x5 Bool)
; x6: a.1.0
(declare-const x6 Bool)
; x7: a.1.1
(declare-const x7 Bool)
; x8: a.1.2
(declare-const x8 Bool)
; x9: a.1.3
(declare-const x9 Bool)
; x10: a.2?
(declare-const x10 Bool)
; x11: a.2.0
(declare-const x11 Bool)
; x12: a.2.1
(declare-const x12 Bool)
; x13: a.2.2
(declare-const x13 Bool)
; x14: a.2.3
(declare-const x14 Bool)
; p0: the law is broken
(assert (! (not (and (= (or x0 x0) x0) (or (not (or x0 x0)) (and (= (ite x0 (ite x0 (or x1 x1) x1) x1) x1) (= (ite x0 (ite x0 (or x2 x2) x2) x2) x2) (= (ite x0 (ite x0 (or x3 x3) x3) x3) x3) (= (ite x0 (ite x0 (or x4 x4) x4) x4) x4))) (= (or x5 x5) x5) (or (not (or x5 x5)) (and (= (ite x5 (ite x5 (or x6 x6) x6) x6) x6) (= (ite x5 (ite x5 (or x7 x7) x7) x7) x7) (= (ite x5 (ite x5 (or x8 x8) x8) x8) x8) (= (ite x5 (ite x5 (or x9 x9) x9) x9) x9))) (= (or x10 x10) x10) (or (not (or x10 x10)) (and (= (ite x10 (ite x10 (or x11 x11) x11) x11) x11) (= (ite x10 (ite x10 (or x12 x12) x12) x12) x12) (= (ite x10 (ite x10 (or x13 x13) x13) x13) x13) (= (ite x10 (ite x10 (or x14 x14) x14) x14) x14))))) :named p0))
(check-sat)
